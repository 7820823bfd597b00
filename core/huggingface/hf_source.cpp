// See hf_source.h.
#include "core/huggingface/hf_source.h"

#include <fmt/ranges.h>
#include <welt/abi/image_encoder.h>

#include <algorithm>
#include <optional>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hub_cache.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/huggingface/hf_snapshot.h"
#include "core/huggingface/welt_json.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_config_bytes = std::uintmax_t{4} << 20;  // the largest on the hub is far below 1 MiB
constexpr const char *weights_name = "model.safetensors", *index_name = "model.safetensors.index.json";
constexpr std::uintmax_t max_index_bytes = std::uintmax_t{64} << 20;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

[[noreturn]] void refuse_folder(const fs::path& folder) {
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (is_file(folder / name))
      fail({.where = folder.string(),
            .found = fmt::format("its weights are in {} only, a Python pickle, which can run any code", name),
            .expected = "model.safetensors",
            .mend = fmt::format("Convert it once with python -c \"import transformers as t; c = "
                                "t.AutoConfig.from_pretrained('{0}'); getattr(t, "
                                "c.architectures[0]).from_pretrained('{0}').save_pretrained('{0}-safetensors')\", or "
                                "start without its weights (weights = false)",
                                folder.string())},
           ErrorCode::failed_precondition);
  fail({.where = folder.string(),
        .found = "no weights",
        .expected = "model.safetensors, or model.safetensors.index.json with its shards",
        .mend = "Copy the file there, or start without weights (weights = false)"},
       ErrorCode::not_found);
}

}  // namespace

const HfWeights::Item* HfWeights::find(std::string_view name) const {
  const auto found = items_.find(name);
  return found == items_.end() ? nullptr : &found->second;
}

bool HfWeights::is_in(const fs::path& folder) { return is_file(folder / weights_name) || is_file(folder / index_name); }

HfWeights HfWeights::open(const fs::path& folder) {
  HfWeights weights;
  weights.path_ = folder / weights_name;
  if (is_file(weights.path_)) {
    const SafetensorsFile& file = weights.add_file(weights.path_);
    for (const SafetensorsEntry& entry : file.entries()) weights.items_.emplace(entry.name, Item{&file, &entry});
  } else {
    weights.path_ = folder / index_name;
    if (!is_file(weights.path_)) refuse_folder(folder);
    weights.add_shards(folder);
  }
  for (const auto& file : weights.files_)
    for (const auto& [name, stored] : file->metadata())
      if (const SafetensorsEntry* entry = file->find(stored))
        weights.items_.emplace(name, Item{file.get(), entry, /*alias=*/true});
  weights.drop_compiled_names();
  return weights;
}

void HfWeights::drop_compiled_names() {
  constexpr std::string_view compiled = "._orig_mod.";
  const auto is_compiled = [&](const auto& item) { return item.first.find(compiled) != std::string::npos; };
  if (std::ranges::none_of(items_, is_compiled)) return;
  std::map<std::string, Item, std::less<>> plain;
  for (const auto& [name, item] : items_) {
    std::string without = name;
    for (std::size_t at = without.find(compiled); at != std::string::npos; at = without.find(compiled, at))
      without.erase(at, compiled.size() - 1);
    plain.emplace(items_.contains(without) ? name : without, item);
  }
  if (plain.size() == items_.size()) items_ = std::move(plain);  // else two names would become one
}

const SafetensorsFile& HfWeights::add_file(const fs::path& path) {
  return *files_.emplace_back(std::make_unique<SafetensorsFile>(SafetensorsFile::open(path)));
}

void HfWeights::add_shards(const fs::path& folder) {
  const nlohmann::json index = read_json_object(path_, max_index_bytes);
  const auto map = index.find("weight_map");
  if (map == index.end() || !map->is_object())
    fail({.where = path_.string(), .found = "no table \"weight_map\"", .expected = "tensor names and files"});
  std::map<std::string, const SafetensorsFile*> shards;
  std::vector<std::string> problems;
  for (const auto& [name, shard] : map->items()) {
    if (!shard.is_string() || !is_plain_name(shard.get_ref<const std::string&>())) {
      problems.push_back(fmt::format("\"{}\" is not in a file of the same folder", name));
      continue;
    }
    const SafetensorsFile*& file = shards[shard.get<std::string>()];
    if (file == nullptr) file = &add_file(folder / shard.get<std::string>());
    if (const SafetensorsEntry* entry = file->find(name))
      items_.emplace(name, Item{file, entry});
    else
      problems.push_back(fmt::format("\"{}\" is not in {}", name, shard.get<std::string>()));
  }
  if (!problems.empty())
    fail({.where = path_.string(),
          .found = fmt::format("{}", fmt::join(problems, "; ")),
          .mend = "Index and shards do not belong together: copy or download them again"},
         ErrorCode::data_loss);
}

std::string HfWeights::wrapper(const std::function<bool(const std::string&)>& finds) const {
  if (items_.empty()) return {};
  // The names are sorted: what the first and the last share, all do.
  const std::string &first = items_.begin()->first, &last = items_.rbegin()->first;
  const auto shared = static_cast<std::size_t>(std::ranges::mismatch(first, last).in1 - first.begin());
  for (std::size_t size = 0; size <= shared; size = first.find('.', size) + 1) {
    const std::string prefix = first.substr(0, size);
    if (finds(prefix)) {
      if (size > 0) log_info("hf", "{}: every name begins with \"{}\", which is left off", path_.string(), prefix);
      return prefix;
    }
    if (first.find('.', size) == std::string::npos) break;
  }
  return {};
}

HfWeights HfWeights::below(std::string_view prefix) && {
  if (prefix.empty()) return std::move(*this);
  std::map<std::string, Item, std::less<>> part;
  for (auto& [name, item] : items_)
    if (name.starts_with(prefix)) part.emplace(name.substr(prefix.size()), item);
  items_ = std::move(part);
  return std::move(*this);
}

HfWeights HfWeights::of_welt() && {
  const std::string prefix =
      wrapper([&](const std::string& start) { return find(start + "encoder_mapping.weight") != nullptr; });
  return std::move(*this).below(prefix);
}

HfWeights HfWeights::folded() && {
  constexpr std::string_view projection = "bit_proj_w";
  std::vector<std::string> tables;  // "….": names of byte tables
  for (const auto& [name, item] : items_)
    if (name.ends_with(projection)) tables.push_back(name.substr(0, name.size() - projection.size()));
  for (const std::string& table : tables) {
    items_.erase(table + std::string(projection));
    items_.erase(table + "embeddings.weight");
  }
  return std::move(*this);
}

namespace {

// Throws Error where model_type or architectures are of another type than they are everywhere.
void check_config(const nlohmann::json& config, const fs::path& path) {
  const auto type = config.find("model_type");
  if (type != config.end() && !type->is_string())
    fail({.where = path.string() + ": model_type",
          .found = fmt::format("a value of type {}", type->type_name()),
          .expected = "a string such as \"bert\""});
  const auto classes = config.find("architectures");
  if (classes == config.end() || classes->is_null()) return;
  if (!classes->is_array() ||
      !std::all_of(classes->begin(), classes->end(), [](const auto& c) { return c.is_string(); }))
    fail({.where = path.string() + ": architectures",
          .found = fmt::format("a value of type {}", classes->type_name()),
          .expected = "a list of class names such as [\"BertModel\"]"});
}

}  // namespace

HfSource::HfSource(std::string name, fs::path folder) : name_(std::move(name)), folder_(std::move(folder)) {
  const fs::path path = folder_ / "config.json";
  config_ = read_json_object(path, max_config_bytes);
  // timm's own files name no model_type; transformers takes them for those of its wrapper.
  if (!config_.contains("model_type") && config_.contains("architecture") && config_.contains("pretrained_cfg"))
    config_["model_type"] = "timm_wrapper";
  check_config(config_, path);
}

HfSource HfSource::find(std::string_view from) { return HfSource(std::string(from), find_model_folder(from)); }

HfSource HfSource::part(const std::string& slot) const {
  if (config_.value("model_type", "") != "welt") return *this;
  const auto found = config_.find(slot);
  if (found == config_.end() || !found->is_object() || found->value("model_type", "") == "noop_model")
    fail({.where = (folder_ / "config.json").string(),
          .found = fmt::format("a WeLT model without a {}", slot),
          .expected = "one that has that part"});
  read_welt_json(folder_);  // it may be of a later welt
  HfSource out = *this;
  out.config_ = *found;
  out.prefix_ = slot + ".";
  return out;
}

HfWeights HfSource::weights() const {
  complete_weights(folder_);
  HfWeights all = HfWeights::open(folder_);
  return prefix_.empty() ? std::move(all) : std::move(all).of_welt().below(prefix_).folded();
}

HfSource HfSource::for_role(std::string_view role) const {
  const auto part = config_.find(role == WELT_IMAGE_ENCODER_INTERFACE ? "vision_config" : "text_config");
  if (part == config_.end() || !part->is_object()) return *this;
  if (const auto type = part->find("model_type"); type == part->end() || !type->is_string()) return *this;
  // transformers lets the older spelling win.
  const std::string older = part.key() + "_dict";
  if (const auto other = config_.find(older); other != config_.end() && other->is_object())
    for (const auto& [key, value] : other->items())
      if (part->value(key, nlohmann::json()) != value)
        fail({.where = (folder_ / "config.json").string() + ": " + older,
              .found = fmt::format("{} is {}, in {} it is another", key, json_text(value), part.key()),
              .expected = "one of the two tables, or both alike"});
  HfSource out = *this;
  out.config_ = *part;
  for (const char* key : {"quantization_config", "compression_config"})  // of all parts: they stand beside them
    if (config_.contains(key)) out.config_.emplace(key, config_.at(key));
  check_config(out.config_, folder_ / "config.json");
  return out;
}

std::string HfSource::architecture() const {
  const auto classes = config_.find("architectures");
  if (classes == config_.end() || !classes->is_array() || classes->empty()) return {};
  return classes->front().get<std::string>();
}

}  // namespace welt
