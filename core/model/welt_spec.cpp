// See welt_spec.h.
#include "core/model/welt_spec.h"

#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/abi/segmenter.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/model/hf_source.h"

namespace welt {
namespace {

using Json = nlohmann::json;

// A slot in its three spellings: in recipes, in a checkpoint's config.json, and the ending of the Hugging Face class
// that its auto class would pick.
struct SlotName {
  const char* recipe;
  const char* checkpoint;
  const char* role;
  const char* class_ending;
  std::int64_t vocab_size;  // rows of the token table in a WeLT checkpoint
};
constexpr SlotName bytes_encoder_slot{"model.bytes_encoder", "bytes_encoder", WELT_BYTES_ENCODER_INTERFACE,
                                      "ForMaskedLM", 256};
constexpr SlotName latent_slot{"model.latent", "latent_transformer", WELT_LATENT_TRANSFORMER_INTERFACE, "ForCausalLM",
                               0};
constexpr SlotName decoder_slot{"model.decoder", "bytes_decoder", WELT_DECODER_INTERFACE, "ForCausalLM", 256};

constexpr std::pair<const char*, std::uint32_t> pooling_names[] = {
    {"first", WELT_POOLING_FIRST}, {"last", WELT_POOLING_LAST}, {"mean", WELT_POOLING_MEAN}};

// "" leaves it to the plugin.
std::uint32_t pooling_of(std::string_view name, const SlotSpec& encoder) {
  for (const auto& [text, value] : pooling_names)
    if (name == text) return value;
  if (!name.empty()) fail({encoder.where, fmt::format("pooling \"{}\"", name), "first, last or mean", {}});
  return encoder.type->default_pooling ? encoder.type->default_pooling : WELT_POOLING_FIRST;
}

// The class with a head that Hugging Face's auto class picks; a plugin without one offers its first class.
void choose_architecture(SlotSpec& slot, const SlotName& name) {
  const std::vector<std::string>& classes = slot.type->hf_architectures;
  const auto found = std::find_if(classes.begin(), classes.end(),
                                  [&](const std::string& text) { return text.ends_with(name.class_ending); });
  const auto fallback = std::find_if(classes.begin(), classes.end(),
                                     [](const std::string& text) { return text.ends_with("ForCausalLM"); });
  if (found != classes.end())
    slot.config["architectures"] = Json::array({*found});
  else if (fallback != classes.end())
    slot.config["architectures"] = Json::array({*fallback});
  else
    slot.config.erase("architectures");
  slot.config["vocab_size"] = name.vocab_size;
  if (!slot.type->hf_model_types.empty()) slot.config["model_type"] = slot.type->hf_model_types.front();
}

SlotSpec slot_from_recipe(const Recipe& recipe, const SlotName& name) {
  const std::string key = name.recipe;
  const std::string plugin = recipe.string(key + ".plugin"), from = recipe.string(key + ".from"),
                    preset = recipe.string(key + ".preset");
  SlotSpec slot;
  slot.where = recipe.where(key + ".plugin") + ": " + key;
  if (plugin.empty() && from.empty())
    fail({recipe.path().string(), key + " names no plugin", "plugin = \"…\" or from = \"…\"",
          "`welt plugin list` shows what there is"});
  if (!from.empty() && !preset.empty())
    fail({recipe.where(key + ".preset") + ": " + key, "both preset and from are given", "one of them",
          "A preset is a configuration that the plugin ships; `from` is a Hugging Face folder"});
  slot.config = Json::object();
  if (!from.empty()) {
    slot.config = with_context(recipe.where(key + ".from") + ": " + key, [&] { return HfSource::find(from).config(); });
    if (recipe.boolean(key + ".weights")) slot.weights_from = from;
  }
  Registry& registry = Registry::instance();
  slot.type = with_context(plugin.empty() ? recipe.where(key + ".from") + ": " + key + ": " + from : slot.where, [&] {
    return plugin.empty() ? &registry.find_for_config(name.role, slot.config) : &registry.find(name.role, plugin);
  });
  if (!preset.empty())
    slot.config =
        with_context(recipe.where(key + ".preset") + ": " + key, [&] { return registry.preset(*slot.type, preset); });
  const Json overrides = recipe.table(key + ".config");
  // Keys that a person wrote are checked strictly; those of a config.json may be of no concern to the plugin.
  for (const auto& [part, value] : overrides.items())
    check_config_keys(*slot.type, Json{{part, value}}, recipe.where(key + ".config." + part) + ": " + key);
  const ConfigView checked(*slot.type, overrides, /*strict=*/true, slot.where);
  slot.config.merge_patch(overrides);
  choose_architecture(slot, name);
  return slot;
}

SlotSpec slot_from_checkpoint(const Json& config, const std::filesystem::path& file, const SlotName& name,
                              const Json& plugins) {
  SlotSpec slot;
  slot.where = file.string() + ": " + name.checkpoint;
  if (!config.contains(name.checkpoint) || !config.at(name.checkpoint).is_object())
    fail({file.string(), fmt::format("no object \"{}\"", name.checkpoint), "the configuration of that sub-model",
          "Is this the config.json of a WeLT checkpoint?"});
  slot.config = config.at(name.checkpoint);
  if (slot.config.value("model_type", "") == "noop_model") {
    if (std::string_view(name.role) != WELT_BYTES_ENCODER_INTERFACE)
      fail({slot.where, "the model_type \"noop_model\"", "a model: only encoders can be switched off", {}});
    return slot;
  }
  Registry& registry = Registry::instance();
  const std::string plugin = plugins.value(name.checkpoint, "");
  slot.type = with_context(slot.where, [&] {
    return plugin.empty() ? &registry.find_for_config(name.role, slot.config) : &registry.find(name.role, plugin);
  });
  choose_architecture(slot, name);
  return slot;
}

constexpr std::uintmax_t config_bytes_limit = 16 << 20;

}  // namespace

WeltSpec WeltSpec::from_recipe(const Recipe& recipe) {
  WeltSpec spec;
  const std::string segmenter = "model.segmenter";
  spec.segmenter.where = recipe.where(segmenter + ".plugin") + ": " + segmenter;
  spec.segmenter.type = &Registry::instance().find(WELT_SEGMENTER_INTERFACE, recipe.string(segmenter + ".plugin"));
  spec.segmenter.config = recipe.table(segmenter + ".config");
  spec.segmenter.max_bytes = recipe.integer(segmenter + ".max_bytes");
  if (recipe.boolean("model.bytes_encoder.enabled")) {
    spec.bytes_encoder = slot_from_recipe(recipe, bytes_encoder_slot);
    spec.pooling = pooling_of(recipe.string("model.bytes_encoder.pooling"), spec.bytes_encoder);
  } else {
    fail({recipe.where("model.bytes_encoder.enabled") + ": model.bytes_encoder", "enabled = false leaves no encoder",
          "at least one encoder", "Switch the bytes encoder on"});
  }
  spec.latent = slot_from_recipe(recipe, latent_slot);
  spec.decoder = slot_from_recipe(recipe, decoder_slot);
  return spec;
}

WeltSpec WeltSpec::from_checkpoint(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json", own = folder / "welt.json";
  const Json config = read_json_object(file, config_bytes_limit);
  const Json extra = std::filesystem::exists(own) ? read_json_object(own, config_bytes_limit) : Json::object();
  std::string reading = file.string();
  try {
    if (config.value("model_type", "") != "welt")
      fail({file.string(), fmt::format("model_type \"{}\"", config.value("model_type", "")), "\"welt\"",
            "Give a checkpoint folder of a run (runs/<name>/checkpoints/…)"});
    if (config.value("encoding", "UTF-8") != "UTF-8")
      fail({file.string(), "encoding " + config.value("encoding", ""), "UTF-8", {}}, ErrorCode::unimplemented);
    reading += " and " + own.string();
    const Json plugins = extra.value("plugins", Json::object());
    WeltSpec spec;
    spec.bytes_encoder = slot_from_checkpoint(config, file, bytes_encoder_slot, plugins);
    spec.latent = slot_from_checkpoint(config, file, latent_slot, plugins);
    spec.decoder = slot_from_checkpoint(config, file, decoder_slot, plugins);
    reading = own.string();
    if (spec.bytes_encoder.type)
      spec.pooling = with_context(reading, [&] { return pooling_of(extra.value("pooling", ""), spec.bytes_encoder); });
    const Json segmenter = extra.value("segmenter", Json::object());
    spec.segmenter.where = own.string() + ": segmenter";
    spec.segmenter.type = with_context(spec.segmenter.where, [&] {
      return &Registry::instance().find(WELT_SEGMENTER_INTERFACE, segmenter.value("plugin", "words"));
    });
    spec.segmenter.config = segmenter.value("config", Json::object());
    spec.segmenter.max_bytes = segmenter.value("max_bytes", std::int64_t{30});
    if (spec.segmenter.max_bytes < 2 || spec.segmenter.max_bytes > 1024)
      fail({spec.segmenter.where, fmt::format("max_bytes {}", spec.segmenter.max_bytes), "2 to 1024", {}});
    return spec;
  } catch (const Json::exception& error) {
    fail({reading,
          fmt::format("a value of the wrong type ({})", error.what()),
          {},
          "The file is damaged: copy it again, or use another checkpoint"},
         ErrorCode::data_loss);
  }
}

Json WeltSpec::config_json() const {
  const auto slot = [](const SlotSpec& spec) {
    if (!spec.type) return Json{{"model_type", "noop_model"}, {"hidden_size", 0}};
    Json config = spec.config;
    config.erase("architectures");
    return config;
  };
  return Json{{"architectures", {"WordLatentTransformerForCausalLM"}},
              {"model_type", "welt"},
              {"dtype", "float32"},
              {"encoding", "UTF-8"},
              {"num_tokens", 256},
              {"pad_token_id", 0},
              {"bos_token_id", 2},
              {"eos_token_id", 3},
              {"is_decoder", true},
              {"modality_dropout", 0.0},
              {"tokenizer_class", "UTF8Tokenizer"},
              {"image_encoder", {{"model_type", "noop_model"}, {"hidden_size", 0}}},
              {"bytes_encoder", slot(bytes_encoder)},
              {"latent_transformer", slot(latent)},
              {"bytes_decoder", slot(decoder)}};
}

Json WeltSpec::welt_json() const {
  Json plugins = Json::object();
  const auto note = [&](const SlotName& name, const SlotSpec& slot) {
    if (slot.type) plugins[name.checkpoint] = slot.type->id;
  };
  note(bytes_encoder_slot, bytes_encoder);
  note(latent_slot, latent);
  note(decoder_slot, decoder);
  const auto* pooled = std::find_if(std::begin(pooling_names), std::end(pooling_names),
                                    [&](const auto& entry) { return entry.second == pooling; });
  return Json{{"format", 1},
              {"plugins", plugins},
              {"pooling", pooled->first},
              {"segmenter",
               {{"plugin", segmenter.type->id}, {"max_bytes", segmenter.max_bytes}, {"config", segmenter.config}}}};
}

Component make_segmenter(const SegmenterSpec& spec) {
  const ConfigView view(*spec.type, spec.config, /*strict=*/true, spec.where);
  return Component(*spec.type, view, WELT_INIT_RANDOM);
}

}  // namespace welt
