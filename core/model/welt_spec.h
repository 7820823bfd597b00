// What a WeLT model is made of: segmenter, renderer, and the plugin and Hugging Face configuration of each slot. Comes
// from a recipe or from a checkpoint folder, and is written back into one (config.json as the Python WeLT has it;
// welt.json for what that file has no place for).
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/huggingface/image_processor.h"
#include "core/plugin/registry.h"
#include "core/recipe/recipe.h"
#include "core/text/tokenizer.h"

namespace welt {

struct SlotSpec {
  const ComponentType* type = nullptr;  // null: the slot is empty (an encoder that was never there)
  nlohmann::json config;                // Hugging Face config; "architectures" is the class that is used
  std::string where;                    // "recipe.toml:12: model.latent", for messages
  std::string weights_from;             // folder or hub name to take weights from; "": random
  bool enabled = true;                  // encoders: false: it keeps its place in the mapping and gives zeros
  bool fresh = false;                   // its weights are not those of the checkpoint that the rest comes from
};

inline constexpr std::int32_t most_decoder_context = 64, most_further_words = 8;

// Where a checkpoint keeps how pixels are normalised.
inline constexpr const char* pixel_normalisation_file = "image_processor/preprocessor_config.json";

// The Python tokenizer of an encoding: "UTF8Tokenizer", …
std::string tokenizer_class(Encoding encoding);

struct SegmenterSpec {
  const ComponentType* type = nullptr;
  nlohmann::json config = nlohmann::json::object();
  std::int64_t max_bytes = 30;  // longest word in UTF-8 bytes
  std::string fingerprint;      // of the dictionaries the model was trained with; "": not known, or none
  std::string where;
};

struct RendererSpec {
  std::string plugin;  // "": the model reads no images. Looked for when words are to be drawn
  nlohmann::json config = nlohmann::json::object();
  std::string fingerprint;  // of the fonts and libraries the model was trained with; "": not known
  std::string where;
};

// What is changed about a finished model: encoders switched off or taken from elsewhere, another renderer.
struct SpecChanges {
  struct Encoder {
    std::optional<bool> enabled;
    std::optional<SlotSpec> slot;
    nlohmann::json config = nlohmann::json::object();  // over the trained one's, whose weights stay
  };
  Encoder bytes_encoder, image_encoder;
  std::optional<std::string> pooling;  // of the bytes encoder; "": what its plugin declares
  std::optional<RendererSpec> renderer;
};

struct WeltSpec {
  Encoding encoding = Encoding::utf8;  // of the units that words are read and written in
  SegmenterSpec segmenter;
  RendererSpec renderer;
  SlotSpec bytes_encoder, image_encoder, latent, decoder;
  std::uint32_t pooling = WELT_POOLING_FIRST;
  PixelNormalisation pixels;
  at::ScalarType dtype = at::kFloat;  // of weights, buffers and moments
  // Latents of a document that the decoder reads before a word: the word's own, and those before it. The Python WeLT
  // reads 1.
  std::int32_t decoder_context = 1;
  double modality_dropout = 0;  // share of training steps in which one of two encoders is left out
  // What only training uses (auxiliary_heads.h): heads for words behind the next one; a mask vector, and a head for the
  // words that it stands for.
  std::int32_t further_words = 0;
  bool masked_words = false;

  // Resolves every slot of a recipe: plugin, preset or `from`, overrides; checks keys. Throws Error naming file and
  // line.
  static WeltSpec from_recipe(const Recipe& recipe);
  // Reads config.json and, where they are, welt.json and the processor's files of a checkpoint folder (Python WeLT's or
  // ours).
  static WeltSpec from_checkpoint(const std::filesystem::path& folder);

  // Switching on an encoder that the model never had is an Error.
  void apply(const SpecChanges& changes);
  // Are words drawn?
  bool reads_images() const { return image_encoder.type != nullptr && image_encoder.enabled; }
  bool reads_bytes() const { return bytes_encoder.type != nullptr && bytes_encoder.enabled; }

  nlohmann::json config_json() const;  // config.json
  nlohmann::json welt_json() const;    // welt.json
  nlohmann::json recipe_json() const;  // [model] of a recipe that describes the same; but null, which TOML has not
  bool has_auxiliary() const { return further_words > 0 || masked_words; }
};

// What the recipe's `precision` keeps weights, buffers and moments in.
at::ScalarType weights_dtype(const Recipe& recipe);

// Throws Error when a plugin of a model that comes from a checkpoint is of another version than the recipe asks for.
// from_recipe() does so by itself.
void check_versions(const Recipe& recipe, const WeltSpec& spec);

// What `now` says otherwise of encoders and renderer than `before`, the recipe that a checkpoint was trained with. An
// encoder whose configuration differs, but not its tensors' shapes, keeps the trained weights.
// Where that is not known (null), an encoder is taken from elsewhere if `now` names a source of weights for it, or if
// --set names it.
SpecChanges encoder_changes(const Recipe* before, const Recipe& now);

// The same for a checkpoint whose run's recipe is not known: what `now` itself says is held against the model. Throws
// Error for a part that only training could change.
SpecChanges changes_of_checkpoint(const WeltSpec& trained, const Recipe& now);

// Throws Error when `now` differs from `before` in a part of the model that only training could change (latent
// transformer, decoder, segmenter).
void refuse_other_changes(const Recipe& before, const Recipe& now);

Component make_segmenter(const SegmenterSpec& spec);

}  // namespace welt
