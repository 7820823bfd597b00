// See static_plugins.h.
#include "core/plugin/static_plugins.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/plugin/judge.h"

// The section's borders, which the linker defines when there is such a section. Hidden: those of this program.
extern "C" {
extern const welt_static_record* const __start_welt_plugins[] __attribute__((weak, visibility("hidden")));
extern const welt_static_record* const __stop_welt_plugins[] __attribute__((weak, visibility("hidden")));
}

namespace welt {

std::span<const welt_static_record* const> static_plugins() {
  return {__start_welt_plugins, static_cast<std::size_t>(__stop_welt_plugins - __start_welt_plugins)};
}

InspectedPlugin inspect_static_plugin(const welt_static_record& record) {
  InspectedPlugin result;
  result.built_in = record.name;
  result.path = result.built_in + " (built in)";
  result.entry = record.entry;
  result.facts.note = *record.note;
  result.facts.exports = {WELT_PLUGIN_ENTRY_NAME};
  const Verdict verdict = judge(result.facts, this_host(), result.path.string());
  if (verdict.refusal) fail(*verdict.refusal, ErrorCode::failed_precondition);
  if (!verdict.warning.empty()) log_warning("plugin", "{}", verdict.warning);
  return result;
}

std::string hash_of(const Plugin& plugin) {
  return plugin.built_in.empty() ? plugin.sha256 : sha256_file("/proc/self/exe");
}

}  // namespace welt
