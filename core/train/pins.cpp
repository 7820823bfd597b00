// See pins.h.
#include "core/train/pins.h"

#include <welt/abi/renderer.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/checkpoint/run_folder.h"
#include "core/huggingface/hf_source.h"
#include "core/plugin/static_plugins.h"
#include "core/plugin/strings.h"
#include "core/tensor/libtorch_info.h"
#include "core/train/schedule.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* text_keys[] = {"data.train.files", "data.validation.files", "data.prepared",
                                     "data.sources",     "embedding.from",        "embedding.tokenizer"};
constexpr const char* from_keys[] = {"model.bytes_encoder.from", "model.image_encoder.from", "model.latent.from",
                                     "model.decoder.from"};
constexpr const char* checkpoint_keys[] = {"model.from", "model.init_from"};

// 0: it was removed since it was read.
std::uintmax_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

void pin_text(Json& text, const RecipeText& part) {
  for (const fs::path& file : part.files)
    text[part.key].push_back({{"path", file.string()}, {"sha256", sha256_file(file)}, {"bytes", size_of(file)}});
}

// Weights are large: size and time tell whether they are the same files. Throws std::filesystem::filesystem_error.
Json pin_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json" || entry.path().extension() == ".safetensors")
      files.push_back(entry.path());
  std::ranges::sort(files);
  Json list = Json::array();
  for (const fs::path& file : files) {
    const auto age = std::chrono::time_point_cast<std::chrono::seconds>(fs::last_write_time(file)).time_since_epoch();
    list.push_back({{"path", file.string()}, {"bytes", fs::file_size(file)}, {"modified", age.count()}});
  }
  return list;
}

// Null: it is not there (any more); a resumed run does without.
template <typename Find>
Json pin_source(const Find& find) {
  try {
    return pin_folder(find());
  } catch (const std::exception&) {
    return nullptr;
  }
}

void pin_plugin(Json& plugins, const Plugin& plugin) {
  plugins[plugin.note.id] = {{"version", plugin.note.version}, {"sha256", hash_of(plugin)}};
}

Json versions() { return {{"welt", text_of(host().version)}, {"libtorch", libtorch_info().version}}; }

// Values of all keys, nested tables as dotted names.
void flatten(const Json& json, const std::string& prefix, std::map<std::string, Json>& out) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object())
      flatten(value, name, out);
    else
      out[name] = value;
  }
}

std::string file_text(const Json& file) {
  return fmt::format("{} ({} bytes, SHA-256 {:.12}…)", file.at("path").get<std::string>(),
                     file.at("bytes").get<std::int64_t>(), file.at("sha256").get<std::string>());
}

void compare_text(const std::string& key, const Json& before, const Json& now, std::vector<Difference>& out) {
  if (before.size() != now.size()) {
    out.push_back({key, fmt::format("{} files then, {} now", before.size(), now.size())});
    return;
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i].at("sha256") != now[i].at("sha256"))
      out.push_back({key, fmt::format("{} then, {} now", file_text(before[i]), file_text(now[i]))});
}

std::string plugin_text(const Json& plugin) {
  return fmt::format("version {}, SHA-256 {:.12}…", plugin.at("version").get<std::string>(),
                     plugin.at("sha256").get<std::string>());
}

// The first file that is another, for a message.
std::string changed_file(const Json& before, const Json& now) {
  for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i)
    if (before[i] != now[i]) return before[i].at("path").get<std::string>();
  return fmt::format("{} files then, {} now", before.size(), now.size());
}

std::vector<Difference> told_differences(const Json& before, const Json& now) {
  std::vector<Difference> out;
  for (const auto& [key, files] : before.at("from").items()) {
    const Json found = now.at("from").value(key, Json());
    if (files == found) continue;
    out.push_back({key, found.is_null()   ? "what it names is not there any more"
                        : files.is_null() ? "what it names is there now, and was not then"
                                          : "not the files of then: " + changed_file(files, found)});
  }
  const Json versions = before.value("versions", Json::object());
  for (const auto& [key, version] : now.at("versions").items())
    if (versions.contains(key) && versions.at(key) != version)
      out.push_back(
          {"the version of " + key, fmt::format("{} then, {} now", json_text(versions.at(key)), json_text(version))});
  return out;
}

std::vector<Difference> decisive_differences(const Json& before, const Json& now) {
  std::vector<Difference> out;
  for (const char* key : text_keys)
    compare_text(key, before.at("text").value(key, Json::array()), now.at("text").value(key, Json::array()), out);
  for (const auto& [id, plugin] : now.at("plugins").items()) {
    const auto known = before.at("plugins").find(id);
    if (known == before.at("plugins").end())
      out.push_back({"plugins." + id, "not used then"});
    else if (known->at("sha256") != plugin.at("sha256"))
      out.push_back({"plugins." + id, fmt::format("{} then, {} now", plugin_text(*known), plugin_text(plugin))});
  }
  return out;
}

}  // namespace

Json pin_inputs(const Recipe& recipe, const WeltSpec& spec) {
  Json text = Json::object(), plugins = Json::object(), from = Json::object();
  if (names_training_text(recipe)) pin_text(text, training_text(recipe));
  pin_text(text, held_out_text(recipe));
  pin_plugin(plugins, *spec.segmenter.type->plugin);
  if (spec.reads_images())
    pin_plugin(plugins, *Registry::instance().find(WELT_RENDERER_INTERFACE, spec.renderer.plugin).plugin);
  for (const SlotSpec* slot : {&spec.bytes_encoder, &spec.image_encoder, &spec.latent, &spec.decoder})
    if (slot->type) pin_plugin(plugins, *slot->type->plugin);
  for (const char* key : from_keys)
    if (const std::string name = recipe.string(key); !name.empty())
      from[key] = pin_source([&] { return HfSource::find(name).folder(); });
  for (const char* key : checkpoint_keys)
    if (const std::string name = recipe.string(key); !name.empty())
      from[key] = pin_source([&] { return find_checkpoint(name); });
  return {{"text", text}, {"plugins", plugins}, {"from", from}, {"versions", versions()}};
}

Json pin_inputs(const std::vector<RecipeText>& files) {
  Json text = Json::object();
  for (const RecipeText& part : files) pin_text(text, part);
  return {{"text", text}, {"plugins", Json::object()}, {"from", Json::object()}, {"versions", versions()}};
}

InputDifferences input_differences(const fs::path& file, const Json& now) {
  const std::string content = read_file(file);
  try {
    const Json before = with_context(file.string(), [&] { return parse_json(content); });
    return {decisive_differences(before, now), told_differences(before, now), before.at("from")};
  } catch (const Json::exception& error) {
    fail({file.string(),
          fmt::format("not a list of a run's inputs ({})", error.what()),
          {},
          "Remove it to go on without comparing them"},
         ErrorCode::data_loss);
  }
}

std::vector<Difference> training_differences(const Recipe& before, const Recipe& now) {
  std::map<std::string, Json> old_values, new_values;
  flatten(before.json(), "", old_values);
  flatten(now.json(), "", new_values);
  const auto text = [](const std::map<std::string, Json>& values, const std::string& key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string("absent") : found->second.dump();
  };
  std::set<std::string> keys;
  for (const auto& [key, value] : old_values) keys.insert(key);
  for (const auto& [key, value] : new_values) keys.insert(key);
  const auto has_end = [](const Recipe& recipe) {
    return find_schedule(recipe.string("train.schedule")).has_end || recipe.number("train.warmup_ratio") > 0;
  };
  const bool endless = !has_end(before) && !has_end(now);
  std::vector<Difference> differences;
  for (const std::string& key : keys) {
    const RecipeKey* known = now.schema().covering(key);
    if ((known && known->incidental) || text(old_values, key) == text(new_values, key)) continue;
    if (key == "train.steps" && endless) continue;
    differences.push_back(
        {key, fmt::format("{} then, {} now{}", text(old_values, key), text(new_values, key),
                          key == "train.steps" ? " (the learning rate follows its end; to go on longer, start a new "
                                                 "run from the checkpoint with model.from, or train with "
                                                 "train.schedule = \"constant\")"
                                               : "")});
  }
  return differences;
}

void check_allowed(const RecipeSchema& schema, const std::vector<std::string>& allowed) {
  for (const std::string& name : allowed) {
    if (schema.covering(name) || schema.is_table(name) || name == "plugins" || name.starts_with("plugins.")) continue;
    std::vector<std::string> names{"plugins"};
    for (const RecipeKey& key : schema.keys()) names.push_back(key.name);
    const std::string near = nearest(name, names);
    fail({"--allow-changes", fmt::format("\"{}\"", name), "keys of a recipe, or plugins.ID",
          near.empty() ? "" : fmt::format("Did you mean {}?", near)});
  }
}

std::vector<Difference> not_allowed(std::vector<Difference> differences, const std::vector<std::string>& allowed) {
  std::erase_if(differences, [&](const Difference& difference) {
    return std::ranges::any_of(allowed, [&](const std::string& name) {
      return difference.key == name || difference.key.starts_with(name + ".");
    });
  });
  return differences;
}

}  // namespace welt
