// See welt_spec.h: checkpoints that lie outside a run, so that no recipe says how they were trained.
#include <algorithm>
#include <cctype>

#include "core/base/context.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/model/byte_lm.h"
#include "core/model/welt_slots.h"
#include "core/model/welt_spec.h"

namespace welt {
namespace {

using Json = nlohmann::json;

// What choose_architecture() sets, whatever a recipe says.
bool is_of_the_place(std::string_view key) { return key == "vocab_size" || key == "architectures"; }

// TOML has no null.
void leave_out_nulls(Json& value) {
  if (!value.is_object()) return;
  for (auto at = value.begin(); at != value.end();) {
    leave_out_nulls(*at);
    at = at->is_null() ? value.erase(at) : std::next(at);
  }
}

Json described(const SlotSpec& slot) {
  Json config = Json::object();
  for (const SchemaKey& key : schema_keys(*slot.type)) {
    const auto value = slot.config.find(key.name);
    if (value == slot.config.end() || is_of_the_place(key.name) || key.irrelevant ||
        (key.fallback && *key.fallback == *value))
      continue;
    config[key.name] = *value;
  }
  leave_out_nulls(config);
  return {{"plugin", slot.type->id}, {"config", config}};
}

// Is all that is asked for there? Of a table only the keys that it names.
bool holds(const Json& trained, const Json& asked) {
  if (!trained.is_object() || !asked.is_object()) return trained == asked;
  for (const auto& [key, value] : asked.items())
    if (!trained.contains(key) || !holds(trained.at(key), value)) return false;
  return true;
}

Json filled(const SlotSpec& slot) { return ConfigView(*slot.type, slot.config, /*strict=*/false, slot.where).json(); }

// The keys of [….config] that somebody wrote.
Json written_config(const Recipe& recipe, const std::string& table, const ComponentType& type) {
  Json written = recipe.table(table + ".config");
  for (auto at = written.begin(); at != written.end();)
    at = recipe.given(table + ".config." + at.key()) ? std::next(at) : written.erase(at);
  for (const auto& [part, value] : written.items())
    check_config_keys(type, Json{{part, value}}, recipe.where(table + ".config." + part) + ": " + table);
  return written;
}

std::string written_text(const Recipe& recipe, const std::string& key) {
  return recipe.given(key) ? recipe.string(key) : std::string();
}

// The key by which the recipe asks for another part than was trained; "": by none.
std::string difference(const SlotSpec& trained, const Recipe& now, const SlotName& name) {
  const std::string table = name.recipe, plugin = written_text(now, table + ".plugin");
  if (!plugin.empty() && trained.type != with_context(now.where(table + ".plugin") + ": " + table,
                                                      [&] { return &Registry::instance().find(name.role, plugin); }))
    return table + ".plugin";
  Json asked;
  for (const std::string source : {".preset", ".from"}) {
    if (written_text(now, table + source).empty()) continue;
    const SlotSpec slot = slot_from_recipe(now, name);
    if (slot.type != trained.type) return table + source;
    asked = filled(slot);
  }
  const bool has_source = !asked.is_null();
  if (!has_source) asked = written_config(now, table, *trained.type);
  const Json known = filled(trained);
  const std::vector<SchemaKey> keys = schema_keys(*trained.type);
  for (const auto& [part, value] : asked.items()) {
    const bool in_schema = std::ranges::find(keys, part, &SchemaKey::name) != keys.end();
    if (is_of_the_place(part) || (has_source && !in_schema)) continue;
    const auto other = std::ranges::find_if(keys, [&, &key_name = part](const SchemaKey& key) {
      return key.spelling_of == key_name && trained.config.contains(key.name);
    });
    if (!holds(known.value(other == keys.end() ? part : other->name, Json()), value)) return table + ".config." + part;
  }
  return {};
}

void refuse_difference(const Recipe& now, const std::string& key) {
  if (key.empty()) return;
  fail({now.where(key) + ": " + key, "it is part of the checkpoint of model.from and cannot be changed",
        "what that checkpoint was trained with, or nothing",
        "Leave it out, or train a model with that setting (model.init_from takes weights that fit)"},
       ErrorCode::failed_precondition);
}

std::string segmenter_difference(const SegmenterSpec& trained, const Recipe& now) {
  const std::string table = "model.segmenter", plugin = written_text(now, table + ".plugin");
  if (!plugin.empty() && plugin != trained.type->id) return table + ".plugin";
  if (now.given(table + ".max_bytes") && now.integer(table + ".max_bytes") != trained.max_bytes)
    return table + ".max_bytes";
  const Json known = ConfigView(*trained.type, trained.config, /*strict=*/false, trained.where).json();
  const Json written = written_config(now, table, *trained.type);
  for (const auto& [part, value] : written.items())
    if (!holds(known.value(part, Json()), value)) return table + ".config." + part;
  return {};
}

void change_encoder(SpecChanges::Encoder& change, const SlotSpec& trained, const Recipe& now, const SlotName& name) {
  const std::string table = name.recipe;
  if (!change.slot) {
    const bool described = !written_text(now, table + ".plugin").empty() || !written_text(now, table + ".from").empty();
    if (trained.type == nullptr && !(described && now.boolean(table + ".enabled"))) return;
    if (trained.type != nullptr && difference(trained, now, name).empty()) return;
    SlotSpec slot = slot_from_recipe(now, name);
    if (trained.type != nullptr && same_tensors(trained, slot, name.role)) {
      change.config = std::move(slot.config);
      log_warning("model", "{}.config is not that of the training: the trained weights are read with it", table);
      return;
    }
    change.slot = std::move(slot);
  }
  const std::string& from = change.slot->weights_from;
  log_warning("model", "{} is not the encoder of the training: another one takes its place, {}", table,
              from.empty() ? "with random weights" : "with the weights of " + from);
}

}  // namespace

Json WeltSpec::recipe_json() const {
  std::string encoding_key(encoding_name(encoding));
  std::ranges::transform(encoding_key, encoding_key.begin(), [](unsigned char c) { return std::tolower(c); });
  Json words = segmenter.config;
  leave_out_nulls(words);
  Json model{
      {"encoding", encoding_key},
      {"decoder_context", decoder_context},
      {"further_words", further_words},
      {"segmenter", {{"plugin", segmenter.type->id}, {"max_bytes", segmenter.max_bytes}, {"config", std::move(words)}}},
      {"decoder", described(decoder)}};
  if (is_byte_lm(*this)) {
    model["kind"] = byte_lm_kind;
    return model;
  }
  model["bytes_encoder"] = {{"enabled", bytes_encoder.type != nullptr}};
  model["latent"] = described(latent);
  if (bytes_encoder.type) {
    model["bytes_encoder"].update(described(bytes_encoder));
    for (const auto& [text, value] : pooling_names)
      if (value == pooling) model["bytes_encoder"]["pooling"] = text;
  }
  if (image_encoder.type) {
    model["image_encoder"] = described(image_encoder);
    Json& drawn = model["renderer"] = {{"plugin", renderer.plugin}, {"config", renderer.config}};
    leave_out_nulls(drawn["config"]);
    for (const char* common : {"block", "font_px"}) {
      if (!drawn["config"].contains(common)) continue;
      drawn[common] = drawn["config"][common];
      drawn["config"].erase(common);
    }
  }
  return model;
}

SpecChanges changes_of_checkpoint(const WeltSpec& trained, const Recipe& now) {
  if (now.given("model.encoding") && find_encoding(now.string("model.encoding")) != trained.encoding)
    refuse_difference(now, "model.encoding");
  if (now.given("model.decoder_context") && now.integer("model.decoder_context") != trained.decoder_context)
    refuse_difference(now, "model.decoder_context");
  if (now.given("model.further_words") && now.integer("model.further_words") != trained.further_words)
    refuse_difference(now, "model.further_words");
  refuse_difference(now, segmenter_difference(trained.segmenter, now));
  if (is_byte_lm(now) != is_byte_lm(trained)) refuse_difference(now, "model.kind");
  refuse_difference(now, difference(trained.decoder, now, decoder_slot));
  if (is_byte_lm(trained)) {
    refuse_word_keys(now);
    return {};
  }
  refuse_difference(now, difference(trained.latent, now, latent_slot));
  SpecChanges changes = encoder_changes(nullptr, now);
  change_encoder(changes.bytes_encoder, trained.bytes_encoder, now, bytes_encoder_slot);
  change_encoder(changes.image_encoder, trained.image_encoder, now, image_encoder_slot);
  const std::string pooling = written_text(now, "model.bytes_encoder.pooling");
  if (!pooling.empty() && trained.bytes_encoder.type != nullptr &&
      pooling_of(pooling, trained.bytes_encoder) != trained.pooling)
    changes.pooling = pooling;
  if (trained.image_encoder.type != nullptr && now.given("model.renderer")) {
    RendererSpec renderer = renderer_from_recipe(now);
    if (renderer.plugin != trained.renderer.plugin || renderer.config != trained.renderer.config)
      changes.renderer = std::move(renderer);
  }
  return changes;
}

}  // namespace welt
