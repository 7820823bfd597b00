// See judge.h.
#include "core/plugin/judge.h"

#include <welt/abi/plugin.h>

#include <algorithm>

namespace welt {
namespace {

constexpr std::string_view rebuild = "Rebuild the plugin with this welt's SDK (welt_add_plugin)";

std::string string_abi_name(std::uint32_t abi) {
  if (abi == WELT_STRING_ABI_NEW) return "_GLIBCXX_USE_CXX11_ABI=1";
  if (abi == WELT_STRING_ABI_OLD) return "_GLIBCXX_USE_CXX11_ABI=0";
  return fmt::format("number {}", abi);
}

}  // namespace

std::optional<Problem> judge_abi(const PluginFacts& facts, const HostFacts& host, const std::string& where) {
  const welt_plugin_note& note = facts.note;
  if (note.abi_major != host.abi_major) {
    return Problem{where, fmt::format("it was built for plugin ABI {}.{}", note.abi_major, note.abi_minor_max),
                   fmt::format("ABI {}.x", host.abi_major),
                   note.abi_major < host.abi_major ? std::string(rebuild)
                                                   : "Use a newer welt, or rebuild the plugin with this one's SDK"};
  }
  if (note.abi_minor_min > host.abi_minor) {
    return Problem{where, fmt::format("it needs plugin ABI {}.{} or later", note.abi_major, note.abi_minor_min),
                   fmt::format("at most {}.{}, which is this welt's", host.abi_major, host.abi_minor),
                   "Use a newer welt, or rebuild the plugin with this one's SDK"};
  }
  return {};
}

std::optional<Problem> judge_kind(const PluginFacts& facts, const HostFacts&, const std::string& where) {
  const std::uint32_t kind = facts.note.kind;
  if (kind == WELT_KIND_TORCH_LINKED) return {};
  if (kind != WELT_KIND_TORCH_FREE) {
    return Problem{where, fmt::format("its kind is {}", kind), "1 (torch-free) or 2 (torch-linked)",
                   std::string(rebuild)};
  }
  const auto torch = std::ranges::find_if(facts.needed, [](const std::string& library) {
    return library.starts_with("libtorch") || library.starts_with("libc10");
  });
  if (torch == facts.needed.end()) return {};
  return Problem{where, fmt::format("its note says torch-free, but it links {}", *torch),
                 "a note that says which LibTorch", "Add TORCH to its welt_add_plugin() and rebuild it"};
}

std::optional<Problem> judge_libtorch(const PluginFacts& facts, const HostFacts& host, const std::string& where) {
  const welt_plugin_note& note = facts.note;
  if (note.kind != WELT_KIND_TORCH_LINKED) return {};
  if (note.libtorch_major == host.libtorch_major && note.libtorch_minor == host.libtorch_minor) return {};
  return Problem{where, fmt::format("it was built with LibTorch {}.{}", note.libtorch_major, note.libtorch_minor),
                 fmt::format("LibTorch {}.{}, which this welt runs on", host.libtorch_major, host.libtorch_minor),
                 "Rebuild the plugin against that LibTorch: two versions in one process crash"};
}

std::optional<Problem> judge_string_abi(const PluginFacts& facts, const HostFacts& host, const std::string& where) {
  const welt_plugin_note& note = facts.note;
  if (note.kind != WELT_KIND_TORCH_LINKED || note.string_abi == host.string_abi) return {};
  return Problem{where, fmt::format("its C++ strings are of the other kind ({})", string_abi_name(note.string_abi)),
                 string_abi_name(host.string_abi), "Rebuild the plugin with that macro"};
}

std::optional<Problem> judge_exports(const PluginFacts& facts, const HostFacts&, const std::string& where) {
  const std::vector<std::string>& exports = facts.exports;
  if (exports.size() == 1 && exports.front() == WELT_PLUGIN_ENTRY_NAME) return {};
  if (std::ranges::find(exports, WELT_PLUGIN_ENTRY_NAME) == exports.end()) {
    return Problem{where,
                   exports.empty()
                       ? "it exports no function"
                       : fmt::format("it exports no entry, but {}{}", exports.front(),
                                     exports.size() > 1 ? fmt::format(" and {} more", exports.size() - 1) : ""),
                   "the entry " WELT_PLUGIN_ENTRY_NAME,
                   "Write WELT_PLUGIN(…) in one source of the plugin, or define the entry with default visibility"};
  }
  std::string others;
  for (std::size_t i = 0, shown = 0; i < exports.size() && shown < 3; ++i) {
    if (exports[i] != WELT_PLUGIN_ENTRY_NAME) others += (shown++ > 0 ? ", " : "") + exports[i];
  }
  return Problem{where,
                 fmt::format("it exports {} symbols: " WELT_PLUGIN_ENTRY_NAME " and {}{}", exports.size(), others,
                             exports.size() > 4 ? ", …" : ""),
                 WELT_PLUGIN_ENTRY_NAME " alone",
                 "Build it with welt_add_plugin(), whose linker version script hides everything else"};
}

// A sanitizer's runtime that comes into a process late ends it, so this cannot be left to dlopen.
Verdict judge_sanitizers(const PluginFacts& facts, const HostFacts& this_side, const std::string& where) {
  const std::uint32_t plugin = facts.note.sanitizers, host = this_side.sanitizers;
  constexpr std::uint32_t fatal = WELT_SANITIZER_ADDRESS | WELT_SANITIZER_THREAD;
  if ((plugin & fatal & ~host) != 0) {
    return {Problem{where,
                    plugin & WELT_SANITIZER_ADDRESS & ~host ? "it was built with the address sanitizer"
                                                            : "it was built with the thread sanitizer",
                    "none, as this welt was built", "Rebuild the plugin without it, or welt with it (preset asan)"},
            {}};
  }
  if ((plugin & ~host) != 0) return {{}, fmt::format("{}: built with a sanitizer that this welt lacks", where)};
  if ((host & fatal & ~plugin) != 0) {
    return {{}, fmt::format("{}: built without this welt's sanitizer; its own mistakes go unseen", where)};
  }
  return {};
}

HostFacts this_host() {
  HostFacts host{WELT_ABI_MAJOR,      WELT_ABI_MINOR,      WELT_LIBTORCH_MAJOR,
                 WELT_LIBTORCH_MINOR, WELT_STRING_ABI_NEW, WELT_HOST_SANITIZERS};
#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI == 0
  host.string_abi = WELT_STRING_ABI_OLD;
#endif
  return host;
}

Verdict judge(const PluginFacts& facts, const HostFacts& host, std::string_view where) {
  const std::string file(where);
  for (const auto point : {judge_abi, judge_kind, judge_libtorch, judge_string_abi, judge_exports}) {
    if (auto refusal = point(facts, host, file)) return {std::move(refusal), {}};
  }
  return judge_sanitizers(facts, host, file);
}

}  // namespace welt
