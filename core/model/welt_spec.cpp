// See welt_spec.h: specifications out of recipes, and changes to them.
#include "core/model/welt_spec.h"

#include <welt/abi/renderer.h>
#include <welt/abi/segmenter.h>

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "core/base/context.h"
#include "core/base/log.h"
#include "core/huggingface/config_keys.h"
#include "core/huggingface/hf_source.h"
#include "core/model/byte_lm.h"
#include "core/model/welt_slots.h"
#include "core/plugin/schema.h"
#include "core/plugin/version_range.h"
#include "core/tensor/tensor_component.h"

namespace welt {
namespace {

using Json = nlohmann::json;

bool named(const Recipe& recipe, const SlotName& name) {
  const std::string key = name.recipe;
  return !recipe.string(key + ".plugin").empty() || !recipe.string(key + ".from").empty();
}

// Given with --set: a run's recipe.toml has every key, so that its being there says nothing.
bool set_by_hand(const Recipe& recipe, std::string_view key) { return recipe.where(key) == "--set"; }

void check_version_key(const Recipe& recipe, const std::string& table, const Plugin& plugin, std::string_view range) {
  const std::string key = table + ".version";
  check_version(plugin, range, recipe.where(key) + ": " + key);
}

bool has_key(const ComponentType& type, std::string_view name) {
  return std::ranges::any_of(schema_keys(type), [&](const SchemaKey& key) { return key.name == name; });
}

// A person who writes a key expects something of it; of those in a config.json nobody does.
void tell_irrelevant(const ComponentType& type, const Json& written, const std::string& where) {
  std::vector<std::string> names;
  for (const SchemaKey& key : schema_keys(type))
    if (key.irrelevant && written.contains(key.name)) names.push_back(key.name);
  if (!names.empty())
    log_warning("recipe", "{}: {} {} nothing that plugin {} computes: of the class's other uses", where,
                fmt::join(names, ", "), names.size() == 1 ? "changes" : "change", type.id);
}

}  // namespace

RendererSpec renderer_from_recipe(const Recipe& recipe) {
  const std::string key = "model.renderer";
  RendererSpec renderer;
  renderer.where = recipe.where(key + ".plugin") + ": " + key;
  renderer.plugin = recipe.string(key + ".plugin");
  const ComponentType& type = Registry::instance().find(WELT_RENDERER_INTERFACE, renderer.plugin);
  check_version_key(recipe, key, *type.plugin, recipe.string(key + ".version"));
  renderer.config = recipe.table(key + ".config");
  check_config_keys(type, renderer.config, renderer.where);
  // Renderers that draw without a font size need not have that key.
  for (const char* common : {"block", "font_px"})
    if (has_key(type, common)) renderer.config.emplace(common, recipe.integer(key + "." + common));
  return renderer;
}

namespace {

void apply_encoder(SlotSpec& slot, const SpecChanges::Encoder& change, const SlotName& name) {
  if (!slot.type && (change.slot || change.enabled.value_or(false)))
    fail({change.slot ? change.slot->where : std::string(name.recipe),
          fmt::format("{} is to be used, but the checkpoint was trained without one", name.checkpoint),
          "an encoder that the checkpoint has",
          "Its part of encoder_mapping does not exist: train a model that has this encoder from the start"},
         ErrorCode::failed_precondition);
  if (change.slot) {
    const bool enabled = slot.enabled;
    slot = *change.slot;
    slot.enabled = enabled;
    slot.fresh = true;
  }
  if (!change.config.empty()) slot.config.merge_patch(change.config);
  if (change.enabled && slot.type) slot.enabled = *change.enabled;
}

}  // namespace

std::uint32_t pooling_of(std::string_view name, const SlotSpec& encoder) {
  for (const auto& [text, value] : pooling_names)
    if (name == text) return value;
  if (!name.empty()) fail({encoder.where, fmt::format("pooling \"{}\"", name), "first, last or mean", {}});
  return encoder.type->default_pooling ? encoder.type->default_pooling : WELT_POOLING_FIRST;
}

namespace {

// Letters and digits, small: "xlm-roberta" and "XLMRobertaForMaskedLM" begin alike.
std::string plain(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string class_for(const ComponentType& type, const std::string& model_type,
                      const std::function<bool(const std::string&)>& fits) {
  const std::string wanted = plain(model_type);
  std::string best;
  std::ptrdiff_t most = -1;
  for (const std::string& name : type.hf_architectures) {
    const std::string candidate = plain(name);
    const std::ptrdiff_t shared = std::ranges::mismatch(wanted, candidate).in1 - wanted.begin();
    if (shared > most && fits(name)) best = name, most = shared;
  }
  return best;
}

// The class that Hugging Face's auto class picks; a plugin without one offers a causal class, else its first.
void choose_architecture(SlotSpec& slot, const SlotName& name) {
  const std::vector<std::string>& types = slot.type->hf_model_types;
  std::string model_type = slot.config.value("model_type", "");
  if (!types.empty() && std::ranges::find(types, model_type) == types.end())
    slot.config["model_type"] = model_type = types.front();
  const auto with_ending = [&](std::string_view ending) {
    return class_for(*slot.type, model_type, [&](const std::string& any) { return any.ends_with(ending); });
  };
  std::string chosen = with_ending(name.class_ending);
  if (chosen.empty()) chosen = with_ending("ForCausalLM");
  if (chosen.empty())
    slot.config.erase("architectures");
  else
    slot.config["architectures"] = Json::array({chosen});
  if (name.vocab_size >= 0) slot.config["vocab_size"] = name.vocab_size;
}

SlotSpec slot_from_recipe(const Recipe& recipe, const SlotName& name) {
  const std::string key = name.recipe;
  const std::string plugin = recipe.string(key + ".plugin"), from = recipe.string(key + ".from"),
                    preset = recipe.string(key + ".preset");
  SlotSpec slot;
  slot.where = recipe.where(key + ".plugin") + ": " + key;
  if (plugin.empty() && from.empty())
    fail({recipe.path().string(), key + " names no plugin", "plugin = \"…\" or from = \"…\"",
          "`welt plugin list` shows what there is; an encoder that is not wanted: enabled = false"});
  if (!from.empty() && !preset.empty())
    fail({recipe.where(key + ".preset") + ": " + key, "both preset and from are given", "one of them",
          "A preset is a configuration that the plugin ships; `from` is a Hugging Face folder"});
  slot.config = Json::object();
  if (!from.empty()) {
    slot.config = with_context(recipe.where(key + ".from") + ": " + key,
                               [&] { return HfSource::find(from).part(name.checkpoint).for_role(name.role).config(); });
    if (recipe.boolean(key + ".weights")) slot.weights_from = from;
  }
  Registry& registry = Registry::instance();
  slot.type = with_context(plugin.empty() ? recipe.where(key + ".from") + ": " + key + ": " + from : slot.where, [&] {
    return plugin.empty() ? &registry.find_for_config(name.role, slot.config) : &registry.find(name.role, plugin);
  });
  check_version_key(recipe, key, *slot.type->plugin, recipe.string(key + ".version"));
  if (!from.empty()) check_unknown_keys(*slot.type, slot.config, from + "/config.json");
  if (!preset.empty())
    slot.config =
        with_context(recipe.where(key + ".preset") + ": " + key, [&] { return registry.preset(*slot.type, preset); });
  const Json overrides = recipe.table(key + ".config");
  // Keys that a person wrote are checked strictly; those of a config.json may be of no concern to the plugin.
  for (const auto& [part, value] : overrides.items())
    check_config_keys(*slot.type, Json{{part, value}}, recipe.where(key + ".config." + part) + ": " + key);
  tell_irrelevant(*slot.type, overrides, recipe.where(key + ".config") + ": " + key + ".config");
  for (const SchemaKey& spelling : schema_keys(*slot.type)) {  // of two, the one that a person wrote counts
    const std::string &first = spelling.spelling_of, &second = spelling.name;
    if (first.empty() || !overrides.contains(first)) continue;
    if (overrides.contains(second) && overrides[first] != overrides[second])
      fail({recipe.where(key + ".config." + first) + ": " + key,
            fmt::format("{} = {} and {} = {} ({})", first, overrides[first].dump(), second, overrides[second].dump(),
                        recipe.where(key + ".config." + second)),
            "one value: both are names of one key", fmt::format("Leave one of them out, or set {}", second)});
    slot.config.erase(second);
  }
  slot.config.merge_patch(overrides);
  const ConfigView checked(*slot.type, slot.config, /*strict=*/false, slot.where);
  choose_architecture(slot, name);
  return slot;
}

at::ScalarType weights_dtype(const Recipe& recipe) {
  return recipe.string("precision") == "bf16" ? at::kBFloat16 : at::kFloat;
}

WeltSpec WeltSpec::from_recipe(const Recipe& recipe) {
  WeltSpec spec;
  spec.encoding = *find_encoding(recipe.string("model.encoding"));  // one of the schema's choices
  spec.dtype = weights_dtype(recipe);
  spec.decoder_context = static_cast<std::int32_t>(recipe.integer("model.decoder_context"));
  const std::string segmenter = "model.segmenter";
  spec.segmenter.where = recipe.where(segmenter + ".plugin") + ": " + segmenter;
  spec.segmenter.type = &Registry::instance().find(WELT_SEGMENTER_INTERFACE, recipe.string(segmenter + ".plugin"));
  check_version_key(recipe, segmenter, *spec.segmenter.type->plugin, recipe.string(segmenter + ".version"));
  spec.segmenter.config = recipe.table(segmenter + ".config");
  spec.segmenter.max_bytes = recipe.integer(segmenter + ".max_bytes");
  if (is_byte_lm(recipe)) {
    refuse_word_keys(recipe);
    spec.decoder = slot_from_recipe(recipe, decoder_slot);
    return spec;
  }
  const bool bytes = recipe.boolean("model.bytes_encoder.enabled"),
             image = recipe.boolean("model.image_encoder.enabled");
  if (bytes) {
    spec.bytes_encoder = slot_from_recipe(recipe, bytes_encoder_slot);
    spec.pooling = pooling_of(recipe.string("model.bytes_encoder.pooling"), spec.bytes_encoder);
  }
  // A recipe that describes no image encoder has none; who switches it on by hand must describe it.
  if (image && (named(recipe, image_encoder_slot) || set_by_hand(recipe, "model.image_encoder.enabled"))) {
    spec.image_encoder = slot_from_recipe(recipe, image_encoder_slot);
    spec.renderer = renderer_from_recipe(recipe);
  }
  if (!spec.bytes_encoder.type && !spec.image_encoder.type)
    fail({recipe.where("model.bytes_encoder.enabled") + ": model.bytes_encoder",
          "the bytes encoder is off and there is no image encoder", "at least one encoder",
          "Switch the bytes encoder on, or give model.image_encoder a plugin"});
  spec.latent = slot_from_recipe(recipe, latent_slot);
  spec.decoder = slot_from_recipe(recipe, decoder_slot);
  if (spec.bytes_encoder.type && spec.image_encoder.type)
    spec.modality_dropout = recipe.number("model.modality_dropout");
  spec.further_words = static_cast<std::int32_t>(recipe.integer("model.further_words"));
  spec.masked_words = recipe.number("train.mask_words") > 0;
  return spec;
}

void check_versions(const Recipe& recipe, const WeltSpec& spec) {
  const auto check = [&](const std::string& table, const ComponentType& type, std::string_view range) {
    check_version_key(recipe, table, *type.plugin, range);
  };
  check("model.segmenter", *spec.segmenter.type, recipe.string("model.segmenter.version"));
  if (spec.reads_images())
    check("model.renderer", Registry::instance().find(WELT_RENDERER_INTERFACE, spec.renderer.plugin),
          recipe.string("model.renderer.version"));
  const auto check_slot = [&](const SlotName& name, const SlotSpec& slot) {
    if (slot.type != nullptr) check(name.recipe, *slot.type, recipe.string(std::string(name.recipe) + ".version"));
  };
  check_slot(bytes_encoder_slot, spec.bytes_encoder);
  check_slot(image_encoder_slot, spec.image_encoder);
  check_slot(latent_slot, spec.latent);
  check_slot(decoder_slot, spec.decoder);
}

void WeltSpec::apply(const SpecChanges& changes) {
  if (is_byte_lm(*this) && (changes.bytes_encoder.enabled || changes.image_encoder.enabled))
    require_words(*this, "an encoder to switch on or off");
  apply_encoder(bytes_encoder, changes.bytes_encoder, bytes_encoder_slot);
  apply_encoder(image_encoder, changes.image_encoder, image_encoder_slot);
  if (changes.pooling || changes.bytes_encoder.slot) pooling = pooling_of(changes.pooling.value_or(""), bytes_encoder);
  if (changes.image_encoder.slot) pixels = {};
  if (changes.renderer && image_encoder.type) {
    const std::string trained_with = renderer.fingerprint;
    renderer = *changes.renderer;
    renderer.fingerprint = trained_with;
  }
  if (!is_byte_lm(*this) && !reads_bytes() && !reads_images())
    fail({"model.bytes_encoder.enabled, model.image_encoder.enabled", "every encoder is switched off",
          "at least one encoder that is on", "Leave one of them on"});
}

bool same_tensors(const SlotSpec& before, const SlotSpec& now, std::string_view role) {
  if (before.type != now.type) return false;
  const auto shapes = [&](const SlotSpec& slot) {
    const TensorComponent component(*slot.type, role, ConfigView(*slot.type, slot.config, false, slot.where),
                                    WELT_INIT_NONE);
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> all;
    for (const NamedParameter& parameter : component.parameters()) all.emplace_back(parameter.name, parameter.shape);
    return all;
  };
  return shapes(before) == shapes(now);
}

SpecChanges encoder_changes(const Recipe* before, const Recipe& now) {
  SpecChanges changes;
  const auto part = [](const Recipe& recipe, const std::string& key, std::initializer_list<const char*> without) {
    Json json = recipe.json().at("model").value(key, Json::object());
    for (const char* name : without) json.erase(name);
    return json;
  };
  const auto named_by_hand = [&](const std::string& table) {
    return std::ranges::any_of(std::initializer_list<const char*>{".plugin", ".from", ".preset"},
                               [&](const char* name) { return set_by_hand(now, table + name); });
  };
  const auto encoder = [&](SpecChanges::Encoder& change, const SlotName& name) {
    const std::string table = name.recipe, enabled = table + ".enabled", key = table.substr(table.find('.') + 1);
    const bool wanted = now.boolean(enabled);
    if (set_by_hand(now, enabled) || (before ? before->boolean(enabled) != wanted : !wanted)) change.enabled = wanted;
    if (!named(now, name)) return;
    if (!before) {
      if (named_by_hand(table) || !now.string(table + ".from").empty()) change.slot = slot_from_recipe(now, name);
      return;
    }
    const auto described = [&](const Recipe& recipe) { return part(recipe, key, {"enabled", "version", "pooling"}); };
    if (described(*before) == described(now)) return;
    SlotSpec slot = slot_from_recipe(now, name);
    const auto source = [&](const Recipe& recipe) {
      return part(recipe, key, {"enabled", "version", "pooling", "config", "weights"});
    };
    if (named(*before, name) && source(*before) == source(now) &&
        same_tensors(slot_from_recipe(*before, name), slot, name.role)) {
      change.config = std::move(slot.config);
      log_warning("model", "{}.config is not that of the training: the trained weights are read with it", table);
      return;
    }
    log_warning("model", "{} is not the encoder of the training: another one takes its place, {}", table,
                slot.weights_from.empty() ? "with random weights" : "with the weights of " + slot.weights_from);
    change.slot = std::move(slot);
  };
  encoder(changes.bytes_encoder, bytes_encoder_slot);
  encoder(changes.image_encoder, image_encoder_slot);
  const std::string pooling = "model.bytes_encoder.pooling";
  if (set_by_hand(now, pooling) || (before && before->string(pooling) != now.string(pooling)))
    changes.pooling = now.string(pooling);
  if (before && part(*before, "renderer", {"version"}) != part(now, "renderer", {"version"}))
    changes.renderer = renderer_from_recipe(now);
  return changes;
}

void refuse_other_changes(const Recipe& before, const Recipe& now) {
  const Json &old_model = before.json().at("model"), &model = now.json().at("model");
  const auto without_version = [](Json part) {
    if (part.is_object()) part.erase("version");
    return part;
  };
  for (const auto& [key, value] : model.items()) {
    constexpr std::string_view changeable[] = {"bytes_encoder", "image_encoder", "renderer",        "from",
                                               "init_from",     "init_strict",   "modality_dropout"};
    if (std::ranges::find(changeable, key) != std::end(changeable) ||
        without_version(value) == without_version(old_model.value(key, Json())))
      continue;
    fail({now.where("model." + key) + ": model." + key, "it is part of the checkpoint and cannot be changed",
          "a change to model.bytes_encoder, model.image_encoder or model.renderer",
          "Train a model with that setting instead"},
         ErrorCode::failed_precondition);
  }
}

Component make_segmenter(const SegmenterSpec& spec) {
  const ConfigView view(*spec.type, spec.config, /*strict=*/true, spec.where);
  return Component(*spec.type, view, WELT_INIT_RANDOM);
}

}  // namespace welt
