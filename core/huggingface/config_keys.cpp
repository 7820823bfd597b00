// See config_keys.h.
#include "core/huggingface/config_keys.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/plugin/harmless_keys.h"
#include "core/plugin/schema.h"

namespace welt {
namespace {

using Json = nlohmann::json;

// What changes results wherever it is asked for, and why: a component that does not know it would compute something
// else.
struct Decisive {
  std::string_view key, what, mend;
};
constexpr std::string_view dequantize =
    "Save the model with full weights: model.dequantize(), then save_pretrained, in transformers";
constexpr Decisive decisive_keys[] = {
    {"quantization_config", "packed weights", dequantize},
    {"compression_config", "packed weights", dequantize},
    {"pruned_heads", "attention without some of its heads", "Save the model without pruning"},
    {"add_cross_attention", "attention to another model's outputs", "Take a model without it"},
    {"is_encoder_decoder", "an encoder beside the decoder", "Take a model of one body"},
    {"use_sliding_window", "attention within a window", "Take a class whose plugin knows windows"},
    {"attention_chunk_size", "attention within chunks", "Take a class whose plugin knows chunks"}};
// Of models that see all of a row, to see the past only; causal ones do anyway.
constexpr Decisive causal_key{"is_decoder", "causal attention", "Take a causal model, or save this one as an encoder"};

// What asks for nothing.
bool is_off(const Json& value) {
  return value.is_null() || value == false ||
         ((value.is_array() || value.is_object() || value.is_string()) && value.empty());
}

// The members of a table whose own members the schema knows, but not these: "rope_parameters.rope_thet", with the
// nearest that it does.
void add_unknown_members(const std::vector<SchemaKey>& keys, const std::string& table, const Json& members,
                         std::vector<std::string>& unknown) {
  std::vector<std::string> names;
  for (const SchemaKey& key : keys)
    if (key.name.starts_with(table + ".")) names.push_back(key.name);
  if (names.empty() || !members.is_object()) return;
  for (const auto& [part, value] : members.items()) {
    const std::string name = table + "." + part;
    const bool holds_others =
        std::ranges::any_of(names, [&](const auto& known) { return known.starts_with(name + "."); });
    if (holds_others) {
      add_unknown_members(keys, name, value, unknown);
    } else if (!is_off(value) && std::ranges::find(names, name) == names.end()) {
      const std::string near = nearest(name, names);
      unknown.push_back(near.empty() ? name : fmt::format("{} (did you mean {}?)", name, near));
    }
  }
}

}  // namespace

void check_unknown_keys(const ComponentType& type, const Json& config, std::string_view where) {
  if (type.schema == nullptr || !config.is_object()) return;
  const std::vector<SchemaKey> keys = schema_keys(type);
  std::vector<std::string> unknown;
  for (const auto& [name, value] : config.items())
    if (!is_off(value) && !harmless_keys().contains(name) &&
        std::ranges::find(keys, name, &SchemaKey::name) == keys.end())
      unknown.push_back(name);
  const auto refuse = [&](const Decisive& decisive) {
    if (std::ranges::find(unknown, decisive.key) != unknown.end())
      fail({.where = fmt::format("{}: {}", where, decisive.key),
            .found = fmt::format("it asks for {}, which plugin {} does not do", decisive.what, type.id),
            .mend = std::string(decisive.mend)},
           ErrorCode::unimplemented);
  };
  for (const Decisive& decisive : decisive_keys) refuse(decisive);
  if ((type.flags & WELT_COMPONENT_CAUSAL) == 0) refuse(causal_key);
  std::erase(unknown, causal_key.key);
  // Of a table that is a key itself the schema knows all members; of others (timm's pretrained_cfg) those it reads.
  for (const auto& [name, value] : config.items())
    if (std::ranges::find(keys, name, &SchemaKey::name) != keys.end()) add_unknown_members(keys, name, value, unknown);
  if (!unknown.empty())
    log_warning("hf", "{}: plugin {} does not know {}: what {} for is not done", where, type.id,
                fmt::join(unknown, ", "), unknown.size() == 1 ? "it asks" : "they ask");
}

}  // namespace welt
