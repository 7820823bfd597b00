// What a WeLT model is made of: segmenter, and the plugin and Hugging Face configuration of each slot. Comes from a
// recipe or from a checkpoint folder, and is written back into one (config.json as the Python WeLT has it; welt.json
// for what that file has no place for).
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "core/plugin/registry.h"
#include "core/recipe/recipe.h"

namespace welt {

struct SlotSpec {
  const ComponentType* type = nullptr;  // null: the slot is empty (an encoder that was never there)
  nlohmann::json config;                // Hugging Face config; "architectures" is the class that is used
  std::string where;                    // "recipe.toml:12: model.latent", for messages
  std::string weights_from;             // folder or hub name to take weights from; "": random
};

struct SegmenterSpec {
  const ComponentType* type = nullptr;
  nlohmann::json config = nlohmann::json::object();
  std::int64_t max_bytes = 30;  // longest word in UTF-8 bytes
  std::string where;
};

struct WeltSpec {
  SegmenterSpec segmenter;
  SlotSpec bytes_encoder, latent, decoder;
  std::uint32_t pooling = WELT_POOLING_FIRST;

  // Resolves every slot of a recipe: plugin, preset or `from`, overrides; checks keys. Throws Error naming file and
  // line.
  static WeltSpec from_recipe(const Recipe& recipe);
  // Reads config.json and, where there is one, welt.json of a checkpoint folder (Python WeLT's or ours).
  static WeltSpec from_checkpoint(const std::filesystem::path& folder);

  nlohmann::json config_json() const;  // config.json
  nlohmann::json welt_json() const;    // welt.json
};

Component make_segmenter(const SegmenterSpec& spec);

}  // namespace welt
