// See welt_spec.h: specifications out of checkpoint folders, and back into their files.
#include <welt/abi/segmenter.h>

#include <algorithm>

#include "core/base/context.h"
#include "core/base/json.h"
#include "core/huggingface/config_keys.h"
#include "core/huggingface/hf_source.h"
#include "core/huggingface/welt_json.h"
#include "core/model/byte_lm.h"
#include "core/model/welt_slots.h"
#include "core/model/welt_spec.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t config_bytes_limit = 16 << 20;

SlotSpec slot_from_checkpoint(const Json& config, const std::filesystem::path& file, const SlotName& name,
                              const Json& plugins) {
  SlotSpec slot;
  slot.where = file.string() + ": " + name.checkpoint;
  if (!config.contains(name.checkpoint) || !config.at(name.checkpoint).is_object())
    fail({file.string(), fmt::format("no object \"{}\"", name.checkpoint), "the configuration of that sub-model",
          "Is this the config.json of a WeLT checkpoint?"});
  slot.config = config.at(name.checkpoint);
  if (slot.config.value("model_type", "") == "noop_model") {
    const std::string_view role = name.role;
    if (role == WELT_DECODER_INTERFACE)
      fail({slot.where, "the model_type \"noop_model\"", "a model: each has a decoder", {}});
    return slot;
  }
  Registry& registry = Registry::instance();
  const std::string plugin = plugins.value(name.checkpoint, "");
  slot.type = with_context(slot.where, [&] {
    return plugin.empty() ? &registry.find_for_config(name.role, slot.config) : &registry.find(name.role, plugin);
  });
  check_unknown_keys(*slot.type, slot.config, slot.where);
  choose_architecture(slot, name);
  return slot;
}

SegmenterSpec segmenter_from(const Json& json, const std::string& file) {
  SegmenterSpec segmenter;
  segmenter.where = file + ": segmenter";
  segmenter.type = with_context(segmenter.where, [&] {
    return &Registry::instance().find(WELT_SEGMENTER_INTERFACE, json.value("plugin", "words"));
  });
  segmenter.config = json.value("config", Json::object());
  segmenter.fingerprint = json.value("fingerprint", "");
  segmenter.max_bytes = json.value("max_bytes", std::int64_t{30});
  if (segmenter.max_bytes < 2 || segmenter.max_bytes > 1024)
    fail({segmenter.where, fmt::format("max_bytes {}", segmenter.max_bytes), "2 to 1024", {}});
  return segmenter;
}

RendererSpec renderer_from(const Json& json, const std::string& file) {
  RendererSpec renderer;
  renderer.where = file + ": renderer";
  renderer.plugin = json.value("plugin", "freetype");
  renderer.config = json.value("config", Json::object());
  renderer.fingerprint = json.value("fingerprint", "");
  return renderer;
}

// A whole number of welt.json; what it has nothing of is `least`.
std::int32_t count_from(const Json& extra, const char* key, std::int32_t least, std::int32_t most,
                        const std::string& file) {
  const auto found = extra.find(key);
  if (found == extra.end()) return least;
  const std::int64_t count = found->is_number_integer() ? found->get<std::int64_t>() : least - 1;
  if (count < least || count > most)
    fail({file, fmt::format("{} {:.60}", key, json_text(*found)), fmt::format("{} to {}", least, most), {}});
  return static_cast<std::int32_t>(count);
}

Encoding encoding_from(const Json& config, const std::string& file) {
  const std::string name = config.value("encoding", "UTF-8");
  if (const auto encoding = find_encoding(name)) return *encoding;
  fail({file, fmt::format("encoding \"{:.60}\"", name), "\"UTF-8\", \"UTF-16\" or \"UTF-32\"",
        "The file is damaged, or of a newer version of WeLT"});
}

// A checkpoint in another type (float16) is trained and run in float32.
at::ScalarType dtype_from(const Json& config) {
  const std::string name = config.value("dtype", config.value("torch_dtype", ""));
  return name == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

Json empty_slot() { return {{"model_type", "noop_model"}, {"hidden_size", 0}}; }

}  // namespace

WeltSpec WeltSpec::from_checkpoint(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json", own = folder / "welt.json";
  const Json config = read_json_object(file, config_bytes_limit);
  const Json extra = read_welt_json(folder).value_or(Json::object());
  std::string reading = file.string();
  try {
    if (config.value("model_type", "") != "welt")
      fail({file.string(), fmt::format("model_type \"{}\"", config.value("model_type", "")), "\"welt\"",
            "Give a checkpoint folder of a run (runs/<name>/checkpoints/…)"});
    WeltSpec spec;
    spec.encoding = encoding_from(config, file.string());
    spec.dtype = dtype_from(config);
    reading += " and " + own.string();
    const Json plugins = extra.value("plugins", Json::object());
    spec.bytes_encoder = slot_from_checkpoint(config, file, bytes_encoder_slot, plugins);
    spec.image_encoder = slot_from_checkpoint(config, file, image_encoder_slot, plugins);
    spec.latent = slot_from_checkpoint(config, file, latent_slot, plugins);
    spec.decoder = slot_from_checkpoint(config, file, decoder_slot, plugins);
    spec.modality_dropout = config.value("modality_dropout", 0.0);
    const bool encoder = spec.bytes_encoder.type || spec.image_encoder.type;
    if (is_byte_lm(spec) && (encoder || spec.encoding != Encoding::utf8))
      fail({file.string(),
            "no latent transformer, but an encoder or units that are not bytes",
            "all parts of a word-level model, or of a byte_lm the decoder alone",
            {}});
    if (!is_byte_lm(spec) && !encoder)
      fail({file.string(), "neither a bytes encoder nor an image encoder", "at least one encoder", {}});
    reading = own.string();
    if (spec.bytes_encoder.type)
      spec.pooling = with_context(reading, [&] { return pooling_of(extra.value("pooling", ""), spec.bytes_encoder); });
    // Trained by the Python WeLT, whose words it then is to get.
    const Json python_words = {{"config", {{"reference_compatible", true}}}};
    spec.segmenter = segmenter_from(extra.value("segmenter", python_words), own.string());
    spec.decoder_context = count_from(extra, "decoder_context", 1, most_decoder_context, own.string());
    spec.further_words = count_from(extra, "further_words", 0, most_further_words, own.string());
    spec.masked_words = extra.value("masked_words", false);
    if (spec.image_encoder.type) {
      spec.renderer = renderer_from(extra.value("renderer", Json::object()), own.string());
      // No such file: mean and deviation are left to the plugin.
      if (const auto pixels = folder / pixel_normalisation_file; std::filesystem::exists(pixels))
        spec.pixels = read_image_processor(pixels);
    }
    return spec;
  } catch (const Json::exception& error) {
    fail({reading,
          fmt::format("a value of the wrong type ({})", error.what()),
          {},
          "The file is damaged: copy it again, or use another checkpoint"},
         ErrorCode::data_loss);
  }
}

std::string tokenizer_class(Encoding encoding) {
  std::string name(encoding_name(encoding));
  std::erase(name, '-');
  return name + "Tokenizer";
}

Json WeltSpec::config_json() const {
  const auto slot = [](const SlotSpec& spec) {
    if (!spec.type) return empty_slot();
    Json config = spec.config;
    config.erase("architectures");
    return config;
  };
  return Json{{"architectures", {"WordLatentTransformerForCausalLM"}},
              {"model_type", "welt"},
              {"dtype", float_dtype_name(dtype)},
              {"encoding", encoding_name(encoding)},
              {"num_tokens", 256},
              {"pad_token_id", 0},
              {"bos_token_id", 2},
              {"eos_token_id", 3},
              {"is_decoder", true},
              {"modality_dropout", modality_dropout},
              {"tokenizer_class", tokenizer_class(encoding)},
              {"image_encoder", slot(image_encoder)},
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
  note(image_encoder_slot, image_encoder);
  note(latent_slot, latent);
  note(decoder_slot, decoder);
  const auto* pooled = std::find_if(std::begin(pooling_names), std::end(pooling_names),
                                    [&](const auto& entry) { return entry.second == pooling; });
  Json json{{"format", welt_json_format},
            {"plugins", plugins},
            {"pooling", pooled->first},
            {"segmenter",
             {{"plugin", segmenter.type->id}, {"max_bytes", segmenter.max_bytes}, {"config", segmenter.config}}}};
  if (decoder_context > 1) json["decoder_context"] = decoder_context;
  if (further_words > 0) json["further_words"] = further_words;
  if (masked_words) json["masked_words"] = true;
  if (!segmenter.fingerprint.empty()) json["segmenter"]["fingerprint"] = segmenter.fingerprint;
  if (!renderer.plugin.empty())
    json["renderer"] = {
        {"plugin", renderer.plugin}, {"config", renderer.config}, {"fingerprint", renderer.fingerprint}};
  return json;
}

}  // namespace welt
