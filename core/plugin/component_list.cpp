// list_components() of loader.h: a plugin's descriptors and schemas, read and checked once.
#include <welt/abi/config_schema.h>

#include "core/plugin/loader.h"
#include "core/plugin/schema.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

constexpr std::uint64_t most_components = 1024;

const welt_component_factory_v1& factory_of(const Plugin& plugin, const TableReader& reader) {
  const auto* factory = static_cast<const welt_component_factory_v1*>(
      reader.call("get_factory", [&] { return plugin.table->get_factory(string_of(WELT_COMPONENT_FACTORY)); }));
  if (factory == nullptr) reader.refuse("it offers no components", "a factory " WELT_COMPONENT_FACTORY);
  if (!WELT_HAS(factory, create) || !factory->count || !factory->descriptor || !factory->create) {
    reader.refuse(fmt::format("its component factory is incomplete ({} bytes)", factory->struct_size),
                  "count, descriptor and create");
  }
  return *factory;
}

// The component's schema, or null: it takes any configuration.
const welt_config_schema_v1* schema_of(const ComponentType& type, const TableReader& reader) {
  if (type.factory->get_interface == nullptr) return nullptr;
  const auto* schema = static_cast<const welt_config_schema_v1*>(reader.call("get_interface", [&] {
    return type.factory->get_interface(type.index, string_of(WELT_CONFIG_SCHEMA_INTERFACE));
  }));
  if (schema != nullptr && !WELT_HAS(schema, key_size)) {
    reader.refuse(
        fmt::format("the configuration schema of \"{}\" is incomplete ({} bytes)", type.id, schema->struct_size),
        "keys, count and key_size");
  }
  return schema;
}

ComponentType read_component(const Plugin& plugin, const welt_component_factory_v1& factory, std::uint64_t index,
                             const TableReader& reader) {
  const welt_component_descriptor* raw = reader.call("descriptor", [&] { return factory.descriptor(index); });
  if (raw == nullptr || !WELT_HAS(raw, roles)) {
    reader.refuse(fmt::format("component {} has no complete descriptor ({})", index,
                              raw == nullptr ? "null" : fmt::format("{} bytes", raw->struct_size)),
                  "at least id, description, roles");
  }
  const std::string whose = fmt::format("of component {}", index);
  ComponentType type{};
  type.plugin = &plugin;
  type.factory = &factory;
  type.index = index;
  type.id = reader.text(raw->id, "the id " + whose, TableText::name);
  type.description = reader.text(raw->description, "the description " + whose);
  type.roles = reader.texts(raw->roles, "roles " + whose);
  if (type.roles.empty()) reader.refuse(fmt::format("component \"{}\" has no role", type.id), "at least one");
  if (WELT_HAS(raw, hf_model_types)) type.hf_model_types = reader.texts(raw->hf_model_types, "model types " + whose);
  if (WELT_HAS(raw, hf_architectures))
    type.hf_architectures = reader.texts(raw->hf_architectures, "architectures " + whose);
  if (WELT_HAS(raw, default_pooling)) type.default_pooling = raw->default_pooling;
  if (WELT_HAS(raw, flags)) type.flags = raw->flags;
  type.schema = schema_of(type, reader);
  schema_keys(type);  // throws when a key cannot be: better now than in the middle of a run
  return type;
}

}  // namespace

std::vector<ComponentType> list_components(const Plugin& plugin) {
  const TableReader reader(plugin.path.string());
  const welt_component_factory_v1& factory = factory_of(plugin, reader);
  const std::uint64_t count = reader.call("count", [&] { return factory.count(); });
  if (count == 0) reader.refuse("it offers no components", "at least one");
  if (count > most_components) {
    reader.refuse(fmt::format("it says that it offers {} components", count),
                  fmt::format("at most {}", most_components));
  }
  std::vector<ComponentType> types;
  for (std::uint64_t i = 0; i < count; ++i) types.push_back(read_component(plugin, factory, i, reader));
  return types;
}

}  // namespace welt
