// May this plugin file be opened by this host? Answers from its note and symbols alone, before dlopen.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/plugin/note_reader.h"

namespace welt {

// What a plugin is measured against. this_host() is the truth; tests make others up.
struct HostFacts {
  std::uint32_t abi_major, abi_minor;
  std::uint32_t libtorch_major, libtorch_minor;
  std::uint32_t string_abi;
  std::uint32_t sanitizers;
};
HostFacts this_host();

struct Verdict {
  std::optional<Problem> refusal;  // why it must not be opened, and what mends it
  std::string warning;             // it may be opened, but; empty: nothing
};
Verdict judge(const PluginFacts& facts, const HostFacts& host, std::string_view where);

}  // namespace welt
