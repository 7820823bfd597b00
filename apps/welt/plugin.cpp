// `welt plugin list` and `welt plugin describe`: which plugins there are, and what one offers.
#include <fmt/format.h>
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/plugin/registry.h"
#include "core/plugin/schema.h"
#include "core/plugin/static_plugins.h"

namespace welt {
namespace {

using nlohmann::json;

struct Options {
  std::string name;
  bool as_json = false;
};

std::string text_of(const welt_string& text) { return text.data == nullptr ? "" : std::string(text.data, text.size); }

// "welt.bytes_encoder/1" as a person says it: "bytes encoder". Others' roles stay as they are.
std::string short_role(std::string role) {
  if (!role.starts_with("welt.")) return role;
  role = role.substr(5, role.rfind('/') - 5);
  std::ranges::replace(role, '_', ' ');
  return role;
}

std::string joined(const std::vector<std::string>& words) {
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ", "));
}

std::vector<const ComponentType*> components_of(Registry& registry, const Plugin& plugin) {
  std::vector<const ComponentType*> types;
  for (const ComponentType& type : registry.components()) {
    if (type.plugin == &plugin) types.push_back(&type);
  }
  return types;
}

std::string kind_of(const welt_plugin_note& note) {
  if (note.kind != WELT_KIND_TORCH_LINKED) return "torch-free";
  return fmt::format("LibTorch {}.{}", note.libtorch_major, note.libtorch_minor);
}

json note_json(const welt_plugin_note& note) {
  json out = {{"abi", fmt::format("{}.{}", note.abi_major, note.abi_minor_max)},
              {"abi_oldest", fmt::format("{}.{}", note.abi_major, note.abi_minor_min)},
              {"kind", note.kind == WELT_KIND_TORCH_LINKED ? "torch-linked" : "torch-free"},
              {"compiler", note.compiler},
              {"sdk_version", note.sdk_version},
              {"sanitizers", note.sanitizers}};
  if (note.kind == WELT_KIND_TORCH_LINKED) {
    out["libtorch"] = fmt::format("{}.{}", note.libtorch_major, note.libtorch_minor);
  }
  return out;
}

std::string place_of(const Plugin& plugin) { return plugin.built_in.empty() ? plugin.path.string() : "built in"; }

const char* pooling_name(std::uint32_t pooling) {
  static constexpr const char* names[] = {"", "first", "last", "mean"};
  return pooling < std::size(names) ? names[pooling] : "";
}

json component_json(const ComponentType& type) {
  return {{"id", type.id},
          {"description", type.description},
          {"roles", type.roles},
          {"hf_model_types", type.hf_model_types},
          {"hf_architectures", type.hf_architectures},
          {"default_pooling", pooling_name(type.default_pooling)},
          {"packed", (type.flags & WELT_COMPONENT_PACKED) != 0},
          {"causal", (type.flags & WELT_COMPONENT_CAUSAL) != 0},
          {"strictly_causal", (type.flags & WELT_COMPONENT_STRICTLY_CAUSAL) != 0}};
}

json plugin_json(Registry& registry, const Plugin& plugin) {
  json out = {{"id", plugin.note.id},
              {"version", text_of(plugin.table->version)},
              {"description", text_of(plugin.table->description)},
              {"license", text_of(plugin.table->license)},
              {"path", place_of(plugin)},
              {"sha256", hash_of(plugin)},
              {"note", note_json(plugin.note)},
              {"presets", Registry::preset_names(plugin)},
              {"components", json::array()}};
  for (const ComponentType* type : components_of(registry, plugin)) out["components"].push_back(component_json(*type));
  return out;
}

void list(const Options& options) {
  Registry& registry = Registry::instance();
  if (options.as_json) {
    json out = {{"plugins", json::array()}, {"refused", json::array()}, {"searched", json::array()}};
    for (const auto& plugin : registry.plugins()) out["plugins"].push_back(plugin_json(registry, *plugin));
    for (const Refusal& refusal : registry.refusals()) {
      out["refused"].push_back({{"path", refusal.path.string()}, {"reason", refusal.reason}});
    }
    for (const auto& folder : registry.search_folders()) out["searched"].push_back(folder.string());
    fmt::print("{}\n", json_text(out, 2));
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"plugin", "version", "component", "roles", "model types", "needs"}};
  for (const auto& plugin : registry.plugins()) {
    for (const ComponentType* type : components_of(registry, *plugin)) {
      std::vector<std::string> roles;
      for (const std::string& role : type->roles) roles.push_back(short_role(role));
      rows.push_back({plugin->note.id, text_of(plugin->table->version), type->id, joined(roles),
                      joined(type->hf_model_types), kind_of(plugin->note)});
    }
  }
  if (rows.size() > 1) fmt::print("{}\n", format_table(rows));
  for (const auto& plugin : registry.plugins()) fmt::print("{}: {}\n", plugin->note.id, place_of(*plugin));
  if (registry.plugins().empty()) fmt::print("No plugin was found.\n");
  if (rows.size() == 1 || !registry.refusals().empty()) {
    fmt::print("\nLooked for welt_*.plugin.so in:\n");
    for (const auto& folder : registry.search_folders()) fmt::print("  {}\n", folder.string());
  }
  if (!registry.refusals().empty()) fmt::print("\nRefused:\n");
  for (const Refusal& refusal : registry.refusals()) fmt::print("  {}\n", refusal.reason);
}

json schema_json(const std::vector<SchemaKey>& keys) {
  json out = json::array();
  for (const SchemaKey& key : keys) {
    json item = {{"name", key.name}, {"type", type_name(key)}, {"required", key.required}, {"help", key.help}};
    if (key.fallback) item["default"] = *key.fallback;
    if (key.minimum != 0 || key.maximum != 0) item["range"] = {key.minimum, key.maximum};
    if (!key.choices.empty()) item["choices"] = key.choices;
    out.push_back(std::move(item));
  }
  return out;
}

constexpr std::size_t widest_cell = 40;

// "1 … 8", "gelu, relu" or "". A long list of choices follows below the table.
std::string allowed(const SchemaKey& key) {
  const std::string choices = fmt::format("{}", fmt::join(key.choices, ", "));
  if (choices.size() > widest_cell) return fmt::format("one of {}, see below", key.choices.size());
  if (!choices.empty()) return choices;
  return key.minimum != 0 || key.maximum != 0 ? fmt::format("{} … {}", key.minimum, key.maximum) : "";
}

void print_component(const ComponentType& type) {
  fmt::print("\ncomponent {}: {}\n", type.id, type.description);
  fmt::print("  roles          {}\n", joined(type.roles));
  if (!type.hf_model_types.empty() || !type.hf_architectures.empty()) {
    fmt::print("  model types    {}\n", joined(type.hf_model_types));
    fmt::print("  architectures  {}\n", joined(type.hf_architectures));
  }
  constexpr const char* roles_of_rows[] = {WELT_BYTES_ENCODER_INTERFACE, WELT_LATENT_TRANSFORMER_INTERFACE,
                                           WELT_DECODER_INTERFACE};
  if (std::ranges::any_of(roles_of_rows, [&](const char* role) { return type.has_role(role); }))
    fmt::print("  layout         dense rows{}{}{}\n", type.flags & WELT_COMPONENT_PACKED ? ", packed rows" : "",
               type.flags & WELT_COMPONENT_CAUSAL ? "; causal" : "",
               type.flags & WELT_COMPONENT_STRICTLY_CAUSAL ? ", without prefix blocks" : "");
  if (*pooling_name(type.default_pooling) != 0) fmt::print("  pooling        {}\n", pooling_name(type.default_pooling));
  const std::vector<SchemaKey> keys = schema_keys(type);
  if (keys.empty()) {
    fmt::print("  configuration  {}\n", type.schema ? "no keys" : "no schema: keys go to the plugin unchecked");
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"  key", "type", "default", "allowed", "help"}};
  for (const SchemaKey& key : keys) {
    const std::string fallback = key.required ? "(required)" : key.fallback ? key.fallback->dump() : "";
    rows.push_back({"  " + key.name, type_name(key), fallback, allowed(key), key.help});
  }
  fmt::print("\n{}", format_table(rows));
  for (const SchemaKey& key : keys) {
    const std::string choices = fmt::format("{}", fmt::join(key.choices, ", "));
    if (choices.size() > widest_cell) fmt::print("\n  {}: {}\n", key.name, choices);
  }
}

void describe_plugin(const Options& options) {
  Registry& registry = Registry::instance();
  const Plugin& plugin = registry.find_plugin(options.name);
  if (options.as_json) {
    json out = plugin_json(registry, plugin);
    std::size_t i = 0;
    for (const ComponentType* type : components_of(registry, plugin)) {
      out["components"][i++]["config"] = schema_json(schema_keys(*type));
    }
    fmt::print("{}\n", json_text(out, 2));
    return;
  }
  const welt_plugin_note& note = plugin.note;
  fmt::print("plugin {} {}: {}\n", note.id, text_of(plugin.table->version), text_of(plugin.table->description));
  fmt::print("  file           {}\n  sha256         {}\n", place_of(plugin), hash_of(plugin));
  fmt::print("  license        {}\n", text_of(plugin.table->license));
  fmt::print("  built for      plugin ABI {}.{}, {}, {}, SDK {}\n", note.abi_major, note.abi_minor_max, kind_of(note),
             note.compiler, note.sdk_version);
  fmt::print("  presets        {}\n", joined(Registry::preset_names(plugin)));
  for (const ComponentType* type : components_of(registry, plugin)) print_component(*type);
}

}  // namespace

void add_plugin(CLI::App& app) {
  CLI::App* plugin = app.add_subcommand("plugin", "List plugins, describe one, check one, or begin a new one");
  plugin->require_subcommand(1);
  const auto options = std::make_shared<Options>();

  CLI::App* list_verb = plugin->add_subcommand("list", "Every plugin found, and every file refused with the reason");
  list_verb->add_flag("--json", options->as_json, "Machine-readable")->group("Output");
  list_verb->footer("Examples:\n  welt plugin list\n  WELT_PLUGIN_PATH=~/my/build/bin welt plugin list --json");
  list_verb->callback([options] { list(*options); });

  CLI::App* describe_verb =
      plugin->add_subcommand("describe", "One plugin: components, configuration keys with defaults, presets");
  describe_verb->add_option("name", options->name, "Plugin id, component id, or a plugin file")
      ->required()
      ->type_name("NAME");
  describe_verb->add_flag("--json", options->as_json, "Machine-readable")->group("Output");
  describe_verb->footer(
      "Examples:\n  welt plugin describe bert\n  welt plugin describe build/bin/welt_llama.plugin.so --json");
  describe_verb->callback([options] { describe_plugin(*options); });
  add_plugin_check(*plugin);
  add_plugin_new(*plugin);
  plugin->footer(
      "Examples:\n  welt plugin list\n  welt plugin describe llama\n  welt plugin check build/welt_mine.plugin.so\n"
      "  welt plugin new mine --role segmenter");
}

}  // namespace welt
