// Group `handshake`: the entry, called as this host, older, newer and odd ones would, and what the plugin's table says.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/conformance/entry.h"
#include "core/conformance/groups.h"
#include "core/conformance/process_state.h"
#include "core/conformance/trial.h"
#include "core/plugin/note_reader.h"
#include "core/plugin/strings.h"

namespace welt::conformance {
namespace {

constexpr const char* at_least = "base.h: a reader asks WELT_HAS(p, member), never for equality";

void opens(Trial& trial) { open_entry(trial); }

void entry(Trial& trial) { must_shake(trial, open_entry(trial), &host()); }

void same_table(Trial& trial) {
  const auto function = open_entry(trial);
  const welt_plugin *first = &must_shake(trial, function, &host()), *second = &must_shake(trial, function, &host());
  trial.expect(first == second, {.seen = "another table at the second call",
                                 .expected = "the same pointer",
                                 .rule = "plugin.h: the entry may be called again and gives the same pointer"});
}

void fast(Trial& trial) {
  constexpr double most = 0.1;  // seconds: plugin.h
  const auto function = open_entry(trial);
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    must_shake(trial, function, &host());
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(seconds);
  trial.expect(seconds[1] < most, {.seen = fmt::format("{:.0f} ms, the median of three calls", 1e3 * seconds[1]),
                                   .expected = "less than 100 ms",
                                   .rule = "plugin.h: the entry returns within 100 ms"});
}

void note_agrees(Trial& trial) {
  const auto file = MappedFile::open(trial.subject().file);
  const welt_plugin_note note = read_plugin_facts(file->bytes(), trial.subject().file.string()).note;
  const welt_plugin& table = must_shake(trial, open_entry(trial), &host());
  trial.enter("plugin table");
  const auto same = [&](const char* what, welt_string said, const char* noted) {
    trial.expect(view_of(said) == noted, {.seen = fmt::format("{} \"{}\"", what, view_of(said)),
                                          .expected = fmt::format("\"{}\", as its note says", noted),
                                          .rule = "plugin.h: the table's id and version equal the note's"});
  };
  same("id", table.id, note.id);
  same("version", table.version, note.version);
  trial.expect(table.abi_major == note.abi_major && table.abi_minor <= note.abi_minor_max &&
                   table.abi_minor >= note.abi_minor_min && table.abi_minor <= host().abi_minor,
               {.seen = fmt::format("ABI {}.{}", table.abi_major, table.abi_minor),
                .expected = fmt::format("{}.{} to {}.{}, as its note says, and no later than the host's",
                                        note.abi_major, note.abi_minor_min, note.abi_major, note.abi_minor_max),
                .rule = "plugin.h: what plugin and host agreed on: the smaller minor"});
}

void components(Trial& trial) {
  for (const ComponentType* type : trial.components()) {
    const welt_component_factory_v1* factory = type->factory;
    trial.about(*type);
    const auto* again = trial.call("descriptor()", [&] { return factory->descriptor(type->index); });
    trial.expect(again != nullptr && view_of(again->id) == type->id, {.seen = "another descriptor at the second call",
                                                                      .expected = "the same one",
                                                                      .rule = "plugin.h: descriptors are WELT_KEEP"});
  }
}

// Ids that differ from `known` by little, and none at all.
std::vector<std::string> strange_ids(const std::string& known) {
  return {"", "welt", known.substr(0, known.size() - 1), known + "0", "com.example.nothing/1", std::string(1, '\0')};
}

void unknown_ids(Trial& trial) {
  const Finding expected = {.seen = "a table", .expected = "null", .rule = "plugin.h: a table by id, or null"};
  const auto unknown = [&](const std::string& function, const std::string& id, auto&& ask) {
    const Guarded text(id);
    const void* got = trial.call(fmt::format("{}(\"{}\")", function, id), [&] { return ask(text.text()); });
    trial.expect(got == nullptr, expected);
  };
  for (const ComponentType* type : trial.components()) {
    for (const std::string& id : strange_ids(WELT_COMPONENT_FACTORY))
      unknown("get_factory", id, [&](welt_string asked) { return type->plugin->table->get_factory(asked); });
    const welt_component_factory_v1& factory = *type->factory;
    if (factory.get_interface == nullptr) continue;
    trial.about(*type);
    for (const std::string& id : strange_ids(WELT_CONFIG_SCHEMA_INTERFACE))
      unknown("get_interface", id, [&](welt_string asked) { return factory.get_interface(type->index, asked); });
  }
  const welt_component_factory_v1& factory = *trial.components().front()->factory;
  for (const std::uint64_t index : {factory.count(), ~std::uint64_t{0}}) {
    const auto* got = trial.call(fmt::format("descriptor({})", index), [&] { return factory.descriptor(index); });
    trial.expect(got == nullptr, {.seen = "a descriptor", .expected = "null", .rule = "plugin.h: null: out of range"});
  }
}

void longer_host(Trial& trial) {
  const OtherHost longer(sizeof(welt_host) + 64);
  const auto function = open_entry(trial);
  trial.about(fmt::format("a host whose table has {} bytes", longer->struct_size));
  const Handshake result = shake(trial, function, longer.get());
  trial.expect(result.call.status == WELT_OK && result.table != nullptr,
               {.seen = fmt::format("{} \"{}\"", status_text(result.call.status), result.call.message),
                .expected = "status 0: a later host knows more members",
                .rule = at_least});
}

void newer_host(Trial& trial) {
  const OtherHost newer;
  newer->abi_minor += 7;
  const auto function = open_entry(trial);
  trial.about(fmt::format("a host of ABI {}.{}", newer->abi_major, newer->abi_minor));
  const welt_plugin& table = must_shake(trial, function, newer.get());
  trial.expect(table.abi_minor <= WELT_ABI_MINOR,
               {.seen = fmt::format("ABI {}.{} agreed on", table.abi_major, table.abi_minor),
                .expected = fmt::format("at most {}.{}, which is the newest there is", WELT_ABI_MAJOR, WELT_ABI_MINOR),
                .rule = "plugin.h: what plugin and host agreed on: the smaller minor"});
}

void expect_refusal(const Trial& trial, const Handshake& result, const char* why) {
  trial.expect(result.call.status != WELT_OK, {.seen = "status 0", .expected = why, .rule = "plugin.h: the entry"});
  trial.expect(!result.call.message.empty(), {.seen = status_text(result.call.status) + " with no message",
                                              .expected = "a message that says why",
                                              .rule = "error.h: the callee fills it before it returns"});
}

void older_host(Trial& trial) {
  const OtherHost older;
  older->abi_minor = 0;
  const auto function = open_entry(trial);
  trial.about(fmt::format("a host of ABI {}.0", older->abi_major));
  const Handshake result = shake(trial, function, older.get());
  if (result.call.status != WELT_OK) return expect_refusal(trial, result, "a refusal");
  trial.expect(result.table != nullptr && result.table->abi_minor == 0,
               {.seen = "a later ABI agreed on, or no table",
                .expected = fmt::format("ABI {}.0, or a refusal with a message", older->abi_major),
                .rule = "plugin.h: what plugin and host agreed on: the smaller minor"});
}

void other_major(Trial& trial) {
  const OtherHost other;
  other->abi_major += 1;
  const auto function = open_entry(trial);
  trial.about(fmt::format("a host of ABI {}.{}", other->abi_major, other->abi_minor));
  const Handshake result = shake(trial, function, other.get());
  expect_refusal(trial, result, "a refusal: another major may be anything");
  trial.expect(result.call.status == WELT_FAILED_PRECONDITION,
               {.seen = status_text(result.call.status),
                .expected = status_text(WELT_FAILED_PRECONDITION),
                .rule = "plugin.h: the entry fails with WELT_FAILED_PRECONDITION when the majors differ"});
}

// A table that ends before the version, or before get_service: whatever the answer, nothing behind it is read.
void short_host(Trial& trial) {
  const auto function = open_entry(trial);
  for (const std::size_t size : {2 * sizeof(std::uint32_t), offsetof(welt_host, self)}) {
    const OtherHost shorter(size);
    trial.about(fmt::format("a host whose table has {} bytes", size));
    const Handshake result = shake(trial, function, shorter.get());
    if (size > offsetof(welt_host, abi_minor)) continue;  // it may do without services
    trial.expect(result.call.status != WELT_OK,
                 {.seen = "status 0", .expected = "a refusal: the table has no version", .rule = at_least});
  }
}

void null_error(Trial& trial) {
  const auto function = open_entry(trial);
  const OtherHost other;
  other->abi_major += 1;
  for (const welt_host* from : {other.get(), &host()}) {
    const welt_plugin* table = nullptr;
    const welt_status status =
        trial.call("the entry with a null welt_error*", [&] { return function(from, &table, nullptr); });
    trial.expect((status == WELT_OK) == (from == &host()),
                 {.seen = status_text(status),
                  .expected = "the status of the call with an error object",
                  .rule = "error.h: the object may be null: then the caller wants the status only"});
  }
}

int services_asked = 0;
std::string first_service;

const void* counted_service(const welt_host*, welt_string id) {
  if (view_of(id) != WELT_ERROR_SERVICE && services_asked++ == 0) first_service = text_of(id);
  return host().get_service(&host(), id);
}

void no_services(Trial& trial) {
  const OtherHost counting;
  counting->get_service = counted_service;
  services_asked = 0;
  must_shake(trial, open_entry(trial), counting.get());
  trial.expect(services_asked == 0, {.seen = fmt::format("{} asked for", first_service),
                                     .expected = "no service",
                                     .rule = "plugin.h: services are usable from create() on, not in the entry"});
}

void leaves_process(Trial& trial) {
  const auto function = open_entry(trial);
  const ProcessState before = ProcessState::now();
  must_shake(trial, function, &host());
  const std::string changed = before.difference(ProcessState::now());
  trial.expect(changed.empty(), {.seen = changed,
                                 .expected = "a process left as it was",
                                 .rule = "docs/abi-policy.md: a plugin changes no thread-wide or process-wide state"});
}

void no_threads(Trial& trial) {
  const std::size_t before_open = threads_of_process();
  const auto function = open_entry(trial);
  must_shake(trial, function, &host());
  const std::size_t after = threads_of_process();
  trial.expect(after <= before_open,
               {.seen = fmt::format("{} threads more than before the file was opened", after - before_open),
                .expected = "none",
                .rule = "plugin.h: the entry starts no thread"});
}

void no_files(Trial& trial) {
  const auto function = open_entry(trial);
  const std::vector<std::string> before = open_files();
  must_shake(trial, function, &host());
  for (const std::string& file : open_files()) {
    trial.expect(std::ranges::find(before, file) != before.end(), {.seen = "file descriptor " + file + " left open",
                                                                   .expected = "no file",
                                                                   .rule = "plugin.h: the entry opens no file"});
  }
}

}  // namespace

void add_handshake_tests(TestList& tests) {
  const auto add = [&](const char* what, const char* sentence, std::vector<std::string> needs, void (*body)(Trial&)) {
    tests.push_back({.name = std::string("handshake.") + what,
                     .description = sentence,
                     .applies = "every file",
                     .place = Place::entry,
                     .needs = std::move(needs),
                     .body = body});
  };
  const std::vector<std::string> entered = {"handshake.entry"};
  add("opens", "The file opens, with every symbol it needs, and has its entry.",
      {"file.elf", "file.note", "file.abi", "file.kind", "file.libtorch", "file.string_abi", "file.sanitizers",
       "file.exports", "file.runtime"},
      opens);
  add("entry", "The entry succeeds and gives a complete plugin table.", {"handshake.opens"}, entry);
  add("same_table", "The entry called again gives the same pointer.", entered, same_table);
  add("fast", "The entry takes less than 100 ms.", entered, fast);
  add("note", "Id, version and ABI of the table are those of the note.", entered, note_agrees);
  add("longer_host", "A host whose table is longer is served.", entered, longer_host);
  add("newer_host", "A host of a later minor is served, with the smaller of both minors.", entered, newer_host);
  add("older_host", "A host of an earlier minor is served with its minor, or refused with a message.", entered,
      older_host);
  add("other_major", "A host of another major is refused with WELT_FAILED_PRECONDITION and a message.", entered,
      other_major);
  add("short_host", "A host whose table is cut off is not read behind its end.", entered, short_host);
  add("null_error", "The entry takes a null welt_error.", {"handshake.entry", "handshake.other_major"}, null_error);
  add("no_services", "The entry uses no host service but for the message of a failure.", entered, no_services);
  add("leaves_process", "The entry leaves locale, folder, signals, floating point and environment as they are.",
      entered, leaves_process);
  add("no_threads", "Opening the file and its entry start no thread.", entered, no_threads);
  add("no_files", "The entry leaves no file open.", entered, no_files);
  add("components", "The components are listed as the host lists them: complete tables, readable texts, no name twice.",
      {"handshake.entry", "handshake.note", "handshake.same_table"}, components);
  add("unknown_ids", "An unknown id of a factory or interface, and an index too high, give null.", {gate}, unknown_ids);
}

}  // namespace welt::conformance
