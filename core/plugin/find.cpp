// Registry of registry.h: finding a component by name, file or Hugging Face config, and its presets.
#include <algorithm>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/plugin/registry.h"
#include "core/plugin/scan.h"

namespace welt {
namespace fs = std::filesystem;
namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::ranges::find(all, one) != all.end();
}

std::string list(const std::vector<std::string>& words, std::string_view none) {
  return words.empty() ? std::string(none) : fmt::format("{}", fmt::join(words, ", "));
}

bool names_a_file(std::string_view id) { return id.find('/') != std::string_view::npos || id.ends_with(".so"); }

// Where was looked and what was turned away, for the end of a not-found message.
std::string what_was_tried(Registry& registry) {
  std::vector<std::string> folders;
  for (const fs::path& folder : registry.search_folders()) folders.push_back(folder.string());
  std::string text = "Looked for welt_*.plugin.so in " + list(folders, "no folder");
  std::vector<std::string> refused;
  for (const Refusal& refusal : registry.refusals()) refused.push_back(refusal.reason);
  if (!refused.empty()) text += fmt::format(". Refused: {}", fmt::join(refused, " "));
  return text;
}

// The one component of a plugin file that has the role.
const ComponentType& in_file(Registry& registry, const Plugin& plugin, std::string_view role) {
  const ComponentType* found = nullptr;
  std::vector<std::string> offers;
  for (const ComponentType& type : registry.components()) {
    if (type.plugin != &plugin) continue;
    offers.push_back(fmt::format("{} ({})", type.id, fmt::join(type.roles, ", ")));
    if (!type.has_role(role)) continue;
    if (found != nullptr) {
      fail({plugin.path.string(),
            fmt::format("it has more than one component for {}", role),
            {},
            fmt::format("Name one of them instead of the file: {}", list(offers, ""))});
    }
    found = &type;
  }
  if (found == nullptr) {
    fail({plugin.path.string(),
          fmt::format("it has no component for {}", role),
          {},
          "It offers " + list(offers, "nothing")},
         ErrorCode::not_found);
  }
  return *found;
}

// Several serve it: which one is meant, the recipe has to say.
const ComponentType& the_only(const std::vector<const ComponentType*>& serving, const std::string& what) {
  if (serving.size() == 1) return *serving.front();
  std::vector<std::string> names;
  for (const ComponentType* type : serving)
    names.push_back(fmt::format("{} ({})", type->id, type->plugin->path.string()));
  fail({"config.json", fmt::format("{} is served by {} plugins: {}", what, serving.size(), list(names, "")),
        "one of them", "Name it (plugin = \"…\" beside from), or remove one of the plugins"},
       ErrorCode::failed_precondition);
}

}  // namespace

bool ComponentType::has_role(std::string_view role) const { return contains(roles, role); }

const ComponentType& Registry::find(std::string_view role, std::string_view id) {
  if (names_a_file(id)) {
    components();  // the scan comes first, so that one id never means two files
    return in_file(*this, open(fs::path(id)), role);
  }
  std::vector<std::string> known;
  for (const ComponentType& type : components()) {
    if (!type.has_role(role)) continue;
    if (type.id == id) return type;
    known.push_back(type.id);
  }
  std::string found = fmt::format("no plugin offers \"{}\" for {}", id, role);
  for (const ComponentType& type : components()) {
    if (type.id == id) found = fmt::format("\"{}\" is {}, not {}", id, list(type.roles, ""), role);
  }
  const std::string near = nearest(id, known);
  fail({"", found, "one of: " + list(known, "(none was found)"),
        (near.empty() ? "" : fmt::format("Did you mean \"{}\"? ", near)) + what_was_tried(*this)},
       ErrorCode::not_found);
}

const ComponentType& Registry::find_for_config(std::string_view role, const nlohmann::json& hf_config) {
  std::string model_type;
  std::vector<std::string> architectures, known, known_names;
  if (hf_config.is_object()) {
    if (const auto at = hf_config.find("model_type"); at != hf_config.end() && at->is_string()) model_type = *at;
    if (const auto at = hf_config.find("architectures"); at != hf_config.end() && at->is_array()) {
      for (const auto& name : *at) {
        if (name.is_string()) architectures.push_back(name);
      }
    }
  }
  std::vector<const ComponentType*> by_type, by_class;
  for (const ComponentType& type : components()) {
    if (!type.has_role(role)) continue;
    if (!model_type.empty() && contains(type.hf_model_types, model_type)) by_type.push_back(&type);
    if (std::ranges::any_of(architectures, [&](const auto& name) { return contains(type.hf_architectures, name); }))
      by_class.push_back(&type);
    for (const std::string& name : type.hf_model_types) {
      known.push_back(fmt::format("{} (plugin {}, {})", name, type.plugin->note.id, type.plugin->path.string()));
      known_names.push_back(name);
    }
  }
  if (!by_type.empty()) return the_only(by_type, fmt::format("model_type \"{}\" for {}", model_type, role));
  if (!by_class.empty()) return the_only(by_class, fmt::format("the class {} for {}", list(architectures, ""), role));
  std::string found = model_type.empty() && architectures.empty()
                          ? "it names neither a model_type nor architectures"
                          : fmt::format("no plugin serves model_type \"{}\" (architectures: {}) for {}", model_type,
                                        list(architectures, "none"), role);
  for (const ComponentType& type : components())
    if (!model_type.empty() && contains(type.hf_model_types, model_type))
      found += fmt::format("; plugin {} serves it as {}", type.plugin->note.id, list(type.roles, ""));
  const std::string near = nearest(model_type, known_names);
  fail({"config.json", found, "one of: " + list(known, "(no plugin for that role was found)"),
        (near.empty() ? "" : fmt::format("Did you mean \"{}\"? ", near)) + what_was_tried(*this)},
       ErrorCode::not_found);
}

const Plugin& Registry::find_plugin(std::string_view name) {
  if (names_a_file(name)) return open(fs::path(name));
  std::vector<std::string> known;
  for (const auto& plugin : plugins()) {
    if (name == plugin->note.id) return *plugin;
    known.emplace_back(plugin->note.id);
  }
  for (const ComponentType& type : components()) {
    if (name == type.id) return *type.plugin;
    if (!contains(known, type.id)) known.push_back(type.id);
  }
  const std::string near = nearest(name, known);
  fail({"", fmt::format("no plugin or component is called \"{}\"", name), "one of: " + list(known, "(none was found)"),
        (near.empty() ? "" : fmt::format("Did you mean \"{}\"? ", near)) + what_was_tried(*this)},
       ErrorCode::not_found);
}

namespace {

// presets/<name>/ beside the plugin file welt_<name>.plugin.so; of a plugin that is built in, in the first folder that
// has it of those where its file would be looked for.
fs::path preset_folder(const Plugin& plugin) {
  if (!plugin.built_in.empty()) {
    const fs::path below = fs::path("presets") / plugin.built_in;
    for (const fs::path& folder : default_search_folders()) {
      std::error_code error;
      if (fs::exists(folder / below, error)) return folder / below;
    }
    return below;
  }
  std::string name = plugin.path.filename().string();
  constexpr std::string_view prefix = "welt_", suffix = ".plugin.so";
  if (name.starts_with(prefix)) name.erase(0, prefix.size());
  if (name.ends_with(suffix)) name.erase(name.size() - suffix.size());
  return plugin.path.parent_path() / "presets" / name;
}

}  // namespace

std::vector<std::string> Registry::preset_names(const Plugin& plugin) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(preset_folder(plugin), error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".json") names.push_back(entry->path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

nlohmann::json Registry::preset(const ComponentType& type, std::string_view name) {
  const fs::path folder = preset_folder(*type.plugin);
  const std::vector<std::string> names = preset_names(*type.plugin);
  if (!contains(names, name)) {
    const std::string near = nearest(name, names);
    fail({fmt::format("plugin \"{}\"", type.plugin->note.id),
          fmt::format("it has no preset \"{}\" in {}", name, folder.string()),
          "one of: " + list(names, "(it has none)"), near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)},
         ErrorCode::not_found);
  }
  const fs::path file = folder / (std::string(name) + ".json");
  constexpr std::uintmax_t most_bytes = 16 << 20;
  return read_json_object(file, most_bytes);
}

}  // namespace welt
