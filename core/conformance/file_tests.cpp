// Group `file`: what can be read from the file without opening it.
#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/conformance/groups.h"
#include "core/conformance/trial.h"
#include "core/plugin/judge.h"
#include "core/plugin/note_reader.h"

namespace welt::conformance {
namespace {

PluginFacts facts_of(const Trial& trial) {
  const auto file = MappedFile::open(trial.subject().file);
  return read_plugin_facts(file->bytes(), trial.subject().file.string());
}

// What can be known of a file without a note.
PluginFacts facts_without_note(const Trial& trial) {
  const auto file = MappedFile::open(trial.subject().file);
  return read_library_facts(file->bytes(), trial.subject().file.string());
}

void readable(Trial& trial) { facts_without_note(trial); }

bool is_text(const char* text, std::size_t size) {
  const char* const end = std::find(text, text + size, '\0');
  return end != text && end != text + size && std::all_of(text, end, [](char c) { return c > ' ' && c <= '~'; });
}

void note(Trial& trial) {
  const welt_plugin_note found = facts_of(trial).note;
  trial.enter("the note .note.welt");
  trial.expect(is_text(found.id, sizeof found.id), {.seen = "an id that is empty or no plain text",
                                                    .expected = "the plugin's id",
                                                    .rule = "note.h: the build writes it (welt_add_plugin)"});
  trial.expect(is_text(found.version, sizeof found.version), {.seen = "a version that is empty or no plain text",
                                                              .expected = "the plugin's version",
                                                              .rule = "note.h: the build writes it (welt_add_plugin)"});
}

using Judge = std::optional<Problem> (*)(const PluginFacts&, const HostFacts&, const std::string&);

void judged(const Trial& trial, Judge judge) {
  if (auto problem = judge(facts_of(trial), this_host(), trial.subject().file.string())) fail(*problem);
}
void abi(Trial& trial) { judged(trial, judge_abi); }
void kind(Trial& trial) { judged(trial, judge_kind); }
void libtorch(Trial& trial) { judged(trial, judge_libtorch); }
void string_abi(Trial& trial) { judged(trial, judge_string_abi); }

void exports(Trial& trial) {
  if (auto problem = judge_exports(facts_without_note(trial), this_host(), trial.subject().file.string()))
    fail(*problem);
}

void sanitizers(Trial& trial) {
  const Verdict verdict = judge_sanitizers(facts_of(trial), this_host(), trial.subject().file.string());
  if (verdict.refusal) fail(*verdict.refusal);
  if (!verdict.warning.empty()) {
    trial.enter("sanitizers");
    trial.warn({.seen = verdict.warning,
                .expected = "the host's",
                .rule = "docs/abi-policy.md: judged from the note before the file is opened"});
  }
}

void runtime(Trial& trial) {
  const PluginFacts facts = facts_of(trial);
  const bool shared = std::ranges::any_of(facts.needed, [](const auto& name) { return name.starts_with("libstdc++"); });
  const bool is_cpp = facts.note.string_abi != WELT_STRING_ABI_NONE;
  trial.enter("needed libraries");
  const Finding static_runtime = {
      .seen = "no libstdc++ among them: the C++ runtime is linked in, or another one is used",
      .expected = "the shared libstdc++, which the host has loaded",
      .rule = "docs/abi-policy.md: the C++ runtime of a torch-linked plugin is the host's"};
  if (facts.note.kind == WELT_KIND_TORCH_LINKED) trial.expect(shared, static_runtime);
  if (facts.note.kind == WELT_KIND_TORCH_FREE && !is_cpp) {
    trial.expect(!shared, {.seen = "libstdc++",
                           .expected = "no C++ runtime: the note says that there is no C++ in it",
                           .rule = "note.h: WELT_STRING_ABI_NONE: no C++ at all"});
  }
}

void nodelete(Trial& trial) {
  trial.enter("linker flags");
  trial.expect(facts_without_note(trial).nodelete,
               {.seen = "a file that dlclose() may take away",
                .expected = "one linked with -z nodelete",
                .rule = "docs/abi-policy.md: unloading crashes, so plugins are linked -z nodelete"});
}

void name(Trial& trial) {
  static const std::regex pattern("welt_[a-z][a-z0-9_]*\\.plugin\\.so");
  const std::string found = trial.subject().file.filename().string();
  trial.enter("file name");
  trial.expect(std::regex_match(found, pattern),
               {.seen = fmt::format("\"{}\"", found),
                .expected = "welt_<name>.plugin.so with lower-case letters, digits and _",
                .rule = "docs/write-a-plugin.md: only such files are found in a folder"});
}

void library_paths(Trial& trial) {
  trial.enter("RUNPATH");
  for (const std::string& path : facts_without_note(trial).library_paths) {
    if (path.starts_with("$ORIGIN") || path.starts_with("${ORIGIN}")) continue;
    trial.warn({.seen = fmt::format("\"{}\"", path),
                .expected = "none, or one that starts with $ORIGIN",
                .rule = "docs/write-a-plugin.md: welt_add_plugin() names no folder of the machine that built it"});
  }
}

// LibTorch's operators are the process's: what one plugin registers, every other one and the host then have, for good.
void operators(Trial& trial) {
  constexpr std::array registering = {"N5torch7Library", "N5torch6detail16TorchLibraryInit",
                                      "N5torch6detail10class_base", "N3c1010Dispatcher8register",
                                      "N3c1017RegisterOperators"};
  trial.enter("needed symbols");
  for (const std::string& symbol : facts_without_note(trial).imports) {
    for (const std::string_view part : registering)
      trial.expect(symbol.find(part) == symbol.npos,
                   {.seen = fmt::format("{}, with which operators or classes are registered (TORCH_LIBRARY)", symbol),
                    .expected = "no registration: a plugin's functions are its own",
                    .rule = "docs/abi-policy.md: a plugin registers nothing in LibTorch"});
  }
}

}  // namespace

void add_file_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    tests.push_back({.name = std::string("file.") + what,
                     .description = sentence,
                     .applies = "every file",
                     .place = Place::file,
                     .needs = std::move(needs),
                     .body = body});
  };
  const std::vector<std::string> elf = {"file.elf"}, with_note = {"file.elf", "file.note"};
  add("elf", "The file is a whole ELF library for this machine.", {}, readable);
  add("note", "It has one well-formed note .note.welt with id and version.", elf, note);
  add("abi", "Its ABI range takes in this host's version.", with_note, abi);
  add("kind", "Its kind is known, and a torch-free one links no LibTorch.", with_note, kind);
  add("libtorch", "A torch-linked one was built with the host's LibTorch major.minor.", with_note, libtorch);
  add("string_abi", "A torch-linked one was built with the host's C++ string ABI.", with_note, string_abi);
  add("sanitizers", "It was built with no sanitizer that the host lacks.", with_note, sanitizers);
  add("exports", "It exports welt_plugin_entry and nothing else.", elf, exports);
  add("runtime", "A torch-linked one uses the shared C++ runtime, one in C uses none.",
      {"file.elf", "file.note", "file.kind", "file.libtorch", "file.string_abi"}, runtime);
  add("operators", "It registers no operators and classes in LibTorch (TORCH_LIBRARY).", elf, operators);
  add("nodelete", "It is linked with -z nodelete.", elf, nodelete);
  add("name", "Its name is welt_<name>.plugin.so.", {}, name);
  add("library_paths", "It names no folder of the machine that built it (a warning).", elf, library_paths);
}

}  // namespace welt::conformance
