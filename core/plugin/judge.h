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
// The parts of a judgement, each a point on which a file may be refused; `where` names the file.
std::optional<Problem> judge_abi(const PluginFacts& facts, const HostFacts& host, const std::string& where);
std::optional<Problem> judge_kind(const PluginFacts& facts, const HostFacts& host, const std::string& where);
std::optional<Problem> judge_libtorch(const PluginFacts& facts, const HostFacts& host, const std::string& where);
std::optional<Problem> judge_string_abi(const PluginFacts& facts, const HostFacts& host, const std::string& where);
std::optional<Problem> judge_exports(const PluginFacts& facts, const HostFacts& host, const std::string& where);
Verdict judge_sanitizers(const PluginFacts& facts, const HostFacts& host, const std::string& where);
// All of them, in this order: the first that refuses.
Verdict judge(const PluginFacts& facts, const HostFacts& host, std::string_view where);

}  // namespace welt
