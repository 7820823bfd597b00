// Registry of registry.h: what was found, what was refused, and who answers to a name.
#include "core/plugin/registry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/plugin/loader.h"
#include "core/plugin/scan.h"
#include "core/plugin/static_plugins.h"

namespace welt {
namespace fs = std::filesystem;
namespace {

// A plugin that has been opened but not yet admitted.
struct Candidate {
  std::unique_ptr<Plugin> plugin;
  std::vector<ComponentType> types;
};

// What a component claims, as a person reads it. A name has one owner. Two plugins may serve one model type, which then
// has to be asked for by the plugin's name (find_for_config); one plugin may claim it once.
struct Claim {
  std::string text;
  bool exclusive;
};
std::vector<Claim> claims_of(const ComponentType& type) {
  std::vector<Claim> claims;
  for (const std::string& role : type.roles) {
    claims.push_back({fmt::format("the name \"{}\" for {}", type.id, role), true});
    for (const std::string& name : type.hf_model_types)
      claims.push_back({fmt::format("model_type \"{}\" for {}", name, role), false});
    for (const std::string& name : type.hf_architectures)
      claims.push_back({fmt::format("architecture \"{}\" for {}", name, role), false});
  }
  return claims;
}

std::string same_id_message(const fs::path& file, const std::string& id, const fs::path& other) {
  const bool built_in = file.is_relative() || other.is_relative();  // a file's path is canonical
  return describe({file.string(), fmt::format("the plugin id \"{}\" is also that of {}", id, other.string()),
                   "each id once",
                   built_in ? "Remove the file, or its folder from WELT_PLUGIN_PATH"
                            : "Remove one of the two files, or one of their folders from WELT_PLUGIN_PATH"});
}

std::string same_claim_message(const fs::path& file, const std::string& claim, const fs::path& other) {
  const std::string found = file == other ? fmt::format("it claims {} twice", claim)
                                          : fmt::format("it claims {}, and so does {}", claim, other.string());
  return describe(
      {file.string(), found, "one owner", "Remove one of the plugins, or take the claim out of one and rebuild it"});
}

}  // namespace

struct Registry::State {
  std::vector<fs::path> folders;
  std::vector<InspectedPlugin> built_in;
  bool scanned = false;
  std::vector<std::unique_ptr<Plugin>> plugins;
  std::deque<ComponentType> types;
  std::vector<Refusal> refusals;

  const Plugin* with_path(const fs::path& path) const {
    const auto found = std::ranges::find(plugins, path, [](const auto& plugin) { return plugin->path; });
    return found == plugins.end() ? nullptr : found->get();
  }
  // Of the plugin `id`, if it is open or built in; else empty.
  fs::path place_of(std::string_view id) const {
    for (const auto& plugin : plugins)
      if (id == plugin->note.id) return plugin->path;
    for (const InspectedPlugin& plugin : built_in)
      if (id == plugin.facts.note.id) return plugin.path;
    return {};
  }
  void admit(Candidate candidate) {
    plugins.push_back(std::move(candidate.plugin));
    for (ComponentType& type : candidate.types) types.push_back(std::move(type));
  }
  void refuse(const fs::path& path, std::string reason) { refusals.push_back({path, std::move(reason)}); }

  void scan();
  void inspect_built_in();
  std::vector<InspectedPlugin> inspect_all();
  std::vector<Candidate> open_all(const std::vector<InspectedPlugin>& files);
  std::map<const Plugin*, std::string> clashes(const std::vector<Candidate>& candidates) const;
};

// The plugins of the program itself.
void Registry::State::inspect_built_in() {
  for (const welt_static_record* record : static_plugins()) {
    try {
      built_in.push_back(inspect_static_plugin(*record));
    } catch (const Error& error) {
      refuse(record->name, error.what());
    }
  }
}

// What may be opened: judged, and alone with its id.
std::vector<InspectedPlugin> Registry::State::inspect_all() {
  std::vector<InspectedPlugin> files = built_in;
  std::map<std::string, std::vector<fs::path>> paths_by_id;
  for (const InspectedPlugin& plugin : files) paths_by_id[plugin.facts.note.id].push_back(plugin.path);
  for (const fs::path& file : find_plugin_files(folders, refusals)) {
    if (with_path(file) != nullptr) continue;
    try {
      files.push_back(inspect_plugin(file));
      paths_by_id[files.back().facts.note.id].push_back(files.back().path);
    } catch (const Error& error) {
      refuse(file, error.what());
    }
  }
  for (const auto& plugin : plugins) {
    const auto same = paths_by_id.find(plugin->note.id);
    if (same != paths_by_id.end()) same->second.push_back(plugin->path);
  }
  std::erase_if(files, [&](const InspectedPlugin& file) {
    for (const fs::path& other : paths_by_id[file.facts.note.id]) {
      if (other == file.path) continue;
      refuse(file.path, same_id_message(file.path, file.facts.note.id, other));
      return true;
    }
    return false;
  });
  return files;
}

std::vector<Candidate> Registry::State::open_all(const std::vector<InspectedPlugin>& files) {
  std::vector<Candidate> candidates;
  for (const InspectedPlugin& file : files) {
    try {
      Candidate candidate{open_plugin(file), {}};
      candidate.types = list_components(*candidate.plugin);
      candidates.push_back(std::move(candidate));
    } catch (const Error& error) {
      refuse(file.path, error.what());
    }
  }
  return candidates;
}

// The candidates that claim what can be claimed once only, each with the reason.
std::map<const Plugin*, std::string> Registry::State::clashes(const std::vector<Candidate>& candidates) const {
  std::map<std::string, std::vector<const Plugin*>> owners;  // in the order in which they came
  std::map<const Plugin*, std::string> reasons;
  const auto clash = [&](const Plugin* one, const std::string& claim, const Plugin* other) {
    reasons.try_emplace(one, same_claim_message(one->path, claim, other->path));
  };
  const auto note = [&](const ComponentType& type) {
    for (const Claim& claim : claims_of(type)) {
      std::vector<const Plugin*>& known = owners[claim.text];
      for (const Plugin* other : known)
        if (claim.exclusive || other == type.plugin)
          clash(type.plugin, claim.text, other), clash(other, claim.text, type.plugin);
      known.push_back(type.plugin);
    }
  };
  std::ranges::for_each(types, note);
  for (const Candidate& candidate : candidates) std::ranges::for_each(candidate.types, note);
  return reasons;
}

void Registry::State::scan() {
  if (std::exchange(scanned, true)) return;
  std::vector<Candidate> candidates = open_all(inspect_all());
  const std::map<const Plugin*, std::string> reasons = clashes(candidates);
  for (Candidate& candidate : candidates) {
    const auto clash = reasons.find(candidate.plugin.get());
    if (clash == reasons.end()) {
      admit(std::move(candidate));
    } else {
      refuse(candidate.plugin->path, clash->second);
    }
  }
  for (const Refusal& refusal : refusals) log_debug("plugin", "refused: {}", refusal.reason);
}

Registry::Registry(std::vector<fs::path> folders, bool built_in) : state_(std::make_unique<State>()) {
  state_->folders = std::move(folders);
  if (built_in) state_->inspect_built_in();
}
Registry::~Registry() = default;

Registry& Registry::instance() {
  // Never destroyed: components that live until the end still point into it.
  static Registry& registry = *std::make_unique<Registry>(default_search_folders(), /*built_in=*/true).release();
  return registry;
}

const Plugin& Registry::open(const fs::path& file) {
  std::error_code error;
  const fs::path real = fs::canonical(file, error);
  if (const Plugin* known = error ? nullptr : state_->with_path(real)) return *known;
  const InspectedPlugin inspected = inspect_plugin(file);
  if (const fs::path other = state_->place_of(inspected.facts.note.id); !other.empty()) {
    throw Error(same_id_message(inspected.path, inspected.facts.note.id, other), ErrorCode::already_exists);
  }
  std::vector<Candidate> candidates;
  candidates.push_back({open_plugin(inspected), {}});
  candidates.front().types = list_components(*candidates.front().plugin);
  const auto reasons = state_->clashes(candidates);
  const auto clash = reasons.find(candidates.front().plugin.get());
  if (clash != reasons.end()) throw Error(clash->second, ErrorCode::already_exists);
  state_->admit(std::move(candidates.front()));
  return *state_->plugins.back();
}

const std::vector<std::unique_ptr<Plugin>>& Registry::plugins() {
  state_->scan();
  return state_->plugins;
}
const std::deque<ComponentType>& Registry::components() {
  state_->scan();
  return state_->types;
}
const std::vector<Refusal>& Registry::refusals() {
  state_->scan();
  return state_->refusals;
}
const std::vector<fs::path>& Registry::search_folders() const { return state_->folders; }

}  // namespace welt
