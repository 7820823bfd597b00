// Plugins: finding, judging, opening them, and making components. Torch-free.
//
// A plugin is opened once and never unloaded. The registry is the only global state of the host.
#pragma once

#include <welt/abi/config_schema.h>
#include <welt/abi/note.h>
#include <welt/abi/plugin.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct Plugin {
  std::filesystem::path path;
  std::string sha256;
  welt_plugin_note note;
  const welt_plugin* table;
  std::string built_in;  // the name under which it is linked into the program; empty: it came from the file `path`
};

// One component a plugin offers.
struct ComponentType {
  const Plugin* plugin;
  const welt_component_factory_v1* factory;
  std::uint64_t index;
  std::string id;  // "bert"
  std::string description;
  std::vector<std::string> roles;  // "welt.bytes_encoder/1"
  std::vector<std::string> hf_model_types, hf_architectures;
  std::uint32_t default_pooling, flags;
  const welt_config_schema_v1* schema;  // null: none
  bool has_role(std::string_view role) const;
};

// A plugin file that was looked at and refused, with the reason and the mend in one sentence.
struct Refusal {
  std::filesystem::path path;
  std::string reason;
};

class Registry {
 public:
  // The process's registry; scans on first use. [host]
  static Registry& instance();
  // One that scans these folders (or files) and no others. For tests; plugins it opens stay open all the same.
  // With `built_in`, it has the plugins of static_plugins.h too, as instance() does.
  explicit Registry(std::vector<std::filesystem::path> folders, bool built_in = false);
  ~Registry();

  // Opens one file (explicit path), without a scan; throws Error when it is refused. Idempotent for the same file.
  const Plugin& open(const std::filesystem::path& file);

  // The first three scan on first use. References to plugins and components stay valid.
  const std::vector<std::unique_ptr<Plugin>>& plugins();
  const std::deque<ComponentType>& components();
  const std::vector<Refusal>& refusals();
  // WELT_PLUGIN_PATH (folders or files, separated by colons), the executable's folder, the install folder.
  const std::vector<std::filesystem::path>& search_folders() const;

  // The component `id` (or, with a slash or ending in .so, the one of a plugin file) in `role`. Not found: Error with
  // the nearest id, every folder tried and every refusal.
  const ComponentType& find(std::string_view role, std::string_view id);
  // By the model_type of a config.json, else by its architectures. Not found: Error with all known ones.
  const ComponentType& find_for_config(std::string_view role, const nlohmann::json& hf_config);

  // By plugin id, component id or file, whatever its role: for listings. Not found: as find().
  const Plugin& find_plugin(std::string_view name);

  // The Hugging Face config that a plugin ships as presets/<name>.json.
  static nlohmann::json preset(const ComponentType& type, std::string_view name);
  static std::vector<std::string> preset_names(const Plugin& plugin);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Makes services known to plugins under their id. The table must live as long as the process.
void register_service(std::string_view id, const void* table);
const welt_host& host();

// Checks `config` against the schema (unknown keys only when `strict`), fills in defaults, and holds the view.
// Throws Error with all problems at once; `where` starts each message ("recipe.toml: model.latent").
// A value of type LIST or TABLE is not looked into unless the schema has keys below it.
class ConfigView {
 public:
  ConfigView(const ComponentType& type, nlohmann::json config, bool strict, std::string_view where);
  ~ConfigView();
  const welt_config* view() const;
  const nlohmann::json& json() const;  // with defaults

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Only that every key of `written` (a person's `config.*`, to be laid over a preset or a config.json) is in the schema;
// throws Error with the nearest key. A component without a schema takes anything.
void check_config_keys(const ComponentType& type, const nlohmann::json& written, std::string_view where);

// A component, owned. Not copyable.
class Component {
 public:
  // `init`: WELT_INIT_NONE or WELT_INIT_RANDOM. Throws Error with the plugin's own message, naming the plugin.
  Component(const ComponentType& type, const ConfigView& config, std::uint32_t init);
  Component(Component&&) noexcept;
  Component& operator=(Component&&) noexcept;
  ~Component();

  const ComponentType& type() const { return *type_; }
  welt_component* raw() const { return component_; }
  // Null: not offered. Throws Error for a table that is too short or lacks a function its header asks for.
  const void* interface(std::string_view id) const;
  template <typename T>
  const T& require(std::string_view id) const {  // throws when missing, naming plugin and interface
    return *static_cast<const T*>(require_interface(id));
  }

 private:
  const void* require_interface(std::string_view id) const;
  const ComponentType* type_;
  welt_component* component_;
};

// The host's side of welt_error: hand `raw()` to a call, then check(status, "what was being done").
class CallError {
 public:
  CallError();
  ~CallError();
  CallError(const CallError&) = delete;
  welt_error* raw();
  void check(welt_status status, std::string_view what) const;  // throws Error("<what>: <message> (<source>)")

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt
