// See loader.h.
#include "core/plugin/loader.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/plugin/judge.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

constexpr std::uint64_t most_components = 1024, most_keys = 65536;  // more is a count that was never written
constexpr std::string_view tell_author = "Tell the plugin's author; until then remove the file";

// Handles are kept for ever, on purpose without a destructor that would close them at exit.
void keep_open(boost::dll::shared_library library) {
  static std::vector<boost::dll::shared_library>& kept =
      *std::make_unique<std::vector<boost::dll::shared_library>>().release();
  kept.push_back(std::move(library));
}

std::string what_to_do(std::string_view dynamic_linker, bool torch_linked) {
  if (dynamic_linker.find("undefined symbol") != std::string_view::npos) {
    return "The plugin was built against other libraries than this program has: rebuild it with this welt's SDK";
  }
  if (torch_linked && dynamic_linker.find("libtorch") != std::string_view::npos) {
    return "This program has not loaded LibTorch, which the plugin needs: use the program welt";
  }
  return "Install the library that is missing, or rebuild the plugin";
}

welt_plugin_entry_fn open_entry(const InspectedPlugin& file) {
  try {
    boost::dll::shared_library library(file.path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    auto* entry = &library.get<welt_status(const welt_host*, const welt_plugin**, welt_error*)>(WELT_PLUGIN_ENTRY_NAME);
    keep_open(std::move(library));
    return entry;
  } catch (const std::exception& error) {
    const bool torch_linked = file.facts.note.kind == WELT_KIND_TORCH_LINKED;
    fail({file.path.string(),
          fmt::format("it cannot be opened: {}", error.what()),
          {},
          what_to_do(error.what(), torch_linked)},
         ErrorCode::failed_precondition);
  }
}

void check_table(const InspectedPlugin& file, const welt_plugin* table, const TableReader& reader) {
  if (table == nullptr) reader.refuse("its entry succeeded but gave no plugin table", "a table");
  if (!WELT_HAS(table, get_factory)) {
    reader.refuse(fmt::format("its plugin table has {} bytes", table->struct_size),
                  fmt::format("at least {} (up to get_factory)", offsetof(welt_plugin, get_factory) + sizeof(void*)));
  }
  const welt_host& us = host();
  if (table->abi_major != us.abi_major || table->abi_minor > us.abi_minor) {
    reader.refuse(fmt::format("its entry agreed on ABI {}.{}", table->abi_major, table->abi_minor),
                  fmt::format("at most {}.{}, what the host offered", us.abi_major, us.abi_minor));
  }
  if (const std::string id = reader.text(table->id, "its id", TableText::name); id != file.facts.note.id) {
    reader.refuse(fmt::format("it calls itself \"{}\", but its note says \"{}\"", id, file.facts.note.id),
                  "the same id in both: welt_add_plugin(… ID …) and the plugin's own");
  }
  reader.text(table->version, "its version");
  reader.text(table->description, "its description");
  reader.text(table->license, "its license");
  if (table->get_factory == nullptr) reader.refuse("its get_factory is null", "a function");
}

}  // namespace

InspectedPlugin inspect_plugin(const std::filesystem::path& file) {
  std::error_code error;
  InspectedPlugin result;
  result.path = std::filesystem::canonical(file, error);
  if (error || !std::filesystem::is_regular_file(result.path)) {
    fail({file.string(), error ? "no such plugin file (" + error.message() + ")" : "it is a folder or a device",
          "a plugin file", "Give the path of a welt_<name>.plugin.so"},
         ErrorCode::not_found);
  }
  const auto mapped = MappedFile::open(result.path);
  result.facts = read_plugin_facts(mapped->bytes(), result.path.string());
  const Verdict verdict = judge(result.facts, this_host(), result.path.string());
  if (verdict.refusal) fail(*verdict.refusal, ErrorCode::failed_precondition);
  if (!verdict.warning.empty()) log_warning("plugin", "{}", verdict.warning);
  result.sha256 = sha256(mapped->text());
  return result;
}

std::unique_ptr<Plugin> shake_hands(const InspectedPlugin& file, welt_plugin_entry_fn entry) {
  const TableReader reader(file.path.string());
  const welt_plugin* table = nullptr;
  CallError error;
  const welt_status status = reader.call("entry", [&] { return entry(&host(), &table, error.raw()); });
  try {
    error.check(status, "its entry failed");
  } catch (const Error& failure) {
    fail({file.path.string(), failure.what(), {}, std::string(tell_author)}, failure.code());
  }
  check_table(file, table, reader);
  auto plugin = std::make_unique<Plugin>();
  *plugin = {file.path, file.sha256, file.facts.note, table, file.built_in};
  return plugin;
}

std::unique_ptr<Plugin> open_plugin(const InspectedPlugin& file) {
  return shake_hands(file, file.entry != nullptr ? file.entry : open_entry(file));
}

}  // namespace welt
