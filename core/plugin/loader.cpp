// See loader.h.
#include "core/plugin/loader.h"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/plugin/interface_tables.h"
#include "core/plugin/judge.h"
#include "core/plugin/strings.h"

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

// What is wrong with a schema's table; empty: nothing, or there is no schema.
std::string schema_fault(const welt_config_schema_v1* schema) {
  if (schema == nullptr) return {};
  if (!WELT_HAS(schema, key_size)) return fmt::format("its table has {} bytes", schema->struct_size);
  if (schema->count > most_keys) return fmt::format("it counts {} keys", schema->count);
  if (schema->count > 0 && schema->keys == nullptr) return fmt::format("its {} keys are null", schema->count);
  constexpr std::size_t least = offsetof(welt_config_key, default_json);
  if (schema->count > 0 && schema->key_size < least) return fmt::format("its keys have {} bytes", schema->key_size);
  return {};
}

// An entry must not throw; one that does is refused like one that fails.
welt_status call_entry(welt_plugin_entry_fn entry, const welt_plugin** table, welt_error* error) {
  try {
    return entry(&host(), table, error);
  } catch (const std::exception& thrown) {
    throw Error(fmt::format("its entry threw an exception: {}", thrown.what()), ErrorCode::internal);
  } catch (...) {
    throw Error("its entry threw something that is no std::exception", ErrorCode::internal);
  }
}

void check_table(const InspectedPlugin& file, const welt_plugin* table) {
  const auto refuse = [&](std::string found, std::string expected) {
    fail({file.path.string(), std::move(found), std::move(expected), std::string(tell_author)},
         ErrorCode::failed_precondition);
  };
  if (table == nullptr) refuse("its entry succeeded but gave no plugin table", "a table");
  if (!WELT_HAS(table, get_factory)) {
    refuse(fmt::format("its plugin table has {} bytes", table->struct_size),
           fmt::format("at least {} (up to get_factory)", sizeof(welt_plugin)));
  }
  const welt_host& us = host();
  if (table->abi_major != us.abi_major || table->abi_minor > us.abi_minor) {
    refuse(fmt::format("its entry agreed on ABI {}.{}", table->abi_major, table->abi_minor),
           fmt::format("at most {}.{}, what the host offered", us.abi_major, us.abi_minor));
  }
  if (text_of(table->id) != file.facts.note.id) {
    refuse(fmt::format("it calls itself \"{}\", but its note says \"{}\"", text_of(table->id), file.facts.note.id),
           "the same id in both: welt_add_plugin(… ID …) and the plugin's own");
  }
  if (table->get_factory == nullptr) refuse("its get_factory is null", "a function");
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

std::unique_ptr<Plugin> open_plugin(const InspectedPlugin& file) {
  const welt_plugin_entry_fn entry = open_entry(file);
  const welt_plugin* table = nullptr;
  CallError error;
  try {
    error.check(call_entry(entry, &table, error.raw()), "its entry failed");
  } catch (const Error& failure) {
    fail({file.path.string(), failure.what(), {}, std::string(tell_author)}, failure.code());
  }
  check_table(file, table);
  auto plugin = std::make_unique<Plugin>();
  *plugin = {file.path, file.sha256, file.facts.note, table};
  return plugin;
}

std::vector<ComponentType> list_components(const Plugin& plugin) {
  const auto refuse = [&](std::string found, std::string expected) {
    fail({plugin.path.string(), std::move(found), std::move(expected), std::string(tell_author)},
         ErrorCode::failed_precondition);
  };
  const auto* factory =
      static_cast<const welt_component_factory_v1*>(plugin.table->get_factory(string_of(WELT_COMPONENT_FACTORY)));
  if (factory == nullptr) refuse("it offers no components", "a factory " WELT_COMPONENT_FACTORY);
  if (const std::string fault = table_fault(WELT_COMPONENT_FACTORY, factory); !fault.empty()) {
    refuse("its component factory is incomplete: " + fault, "count, descriptor and create");
  }
  std::vector<ComponentType> types;
  const std::uint64_t count = factory->count();
  if (count > most_components) refuse(fmt::format("it counts {} components", count), "a few");
  for (std::uint64_t i = 0; i < count; ++i) {
    const welt_component_descriptor* descriptor = factory->descriptor(i);
    if (descriptor == nullptr || !WELT_HAS(descriptor, roles)) {
      refuse(fmt::format("component {} of {} has no complete descriptor", i, count), "at least id, description, roles");
    }
    ComponentType type{&plugin, factory, i,      text_of(descriptor->id), text_of(descriptor->description), {}, {}, {},
                       0,       0,       nullptr};
    type.roles = texts_of(descriptor->roles);
    if (type.id.empty() || type.roles.empty()) refuse(fmt::format("component {} has no id or no role", i), "both");
    if (WELT_HAS(descriptor, hf_model_types)) type.hf_model_types = texts_of(descriptor->hf_model_types);
    if (WELT_HAS(descriptor, hf_architectures)) type.hf_architectures = texts_of(descriptor->hf_architectures);
    if (WELT_HAS(descriptor, default_pooling)) type.default_pooling = descriptor->default_pooling;
    if (WELT_HAS(descriptor, flags)) type.flags = descriptor->flags;
    if (factory->get_interface != nullptr) {
      type.schema =
          static_cast<const welt_config_schema_v1*>(factory->get_interface(i, string_of(WELT_CONFIG_SCHEMA_INTERFACE)));
    }
    if (const std::string fault = schema_fault(type.schema); !fault.empty()) {
      refuse(fmt::format("the configuration schema of \"{}\" is incomplete: {}", type.id, fault),
             "keys, count and key_size");
    }
    types.push_back(std::move(type));
  }
  if (types.empty()) refuse("it offers no components", "at least one");
  return types;
}

}  // namespace welt
