// Plugin files before they are opened: any bytes are facts or an Error, and facts can be judged.
#include "core/plugin/note_reader.h"

#include <span>

#include "core/base/utf8.h"
#include "core/plugin/judge.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace welt;
  PluginFacts facts;
  if (!fuzz::answers([&] { facts = read_plugin_facts(std::as_bytes(std::span(data, size)), "file"); })) return 0;
  fuzz::require(facts.note.id[0] != 0, "a plugin has an id");
  const Verdict verdict = judge(facts, this_host(), "file");
  if (verdict.refusal) fuzz::answers([&] { fail(*verdict.refusal); });
  return 0;
}
