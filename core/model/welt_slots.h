// The slots of a WeLT model in their spellings: in recipes and in a checkpoint's config.json. Used by welt_spec*.cpp
// and core/checkpoint/checkpoint_report.cpp.
#pragma once

#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/image_encoder.h>
#include <welt/abi/latent_transformer.h>

#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "core/model/welt_spec.h"
#include "core/plugin/schema.h"

namespace welt {

struct SlotName {
  const char* recipe;
  const char* checkpoint;
  const char* role;
  const char* class_ending;  // of the Hugging Face class that its auto class picks
  std::int64_t vocab_size;   // rows of the token table in a WeLT checkpoint; −1: there is none
};
inline constexpr SlotName bytes_encoder_slot{"model.bytes_encoder", "bytes_encoder", WELT_BYTES_ENCODER_INTERFACE,
                                             "ForMaskedLM", 256};
inline constexpr SlotName image_encoder_slot{"model.image_encoder", "image_encoder", WELT_IMAGE_ENCODER_INTERFACE,
                                             "Model", -1};
inline constexpr SlotName latent_slot{"model.latent", "latent_transformer", WELT_LATENT_TRANSFORMER_INTERFACE,
                                      "ForCausalLM", 0};
inline constexpr SlotName decoder_slot{"model.decoder", "bytes_decoder", WELT_DECODER_INTERFACE, "ForCausalLM", 256};

inline constexpr std::pair<const char*, std::uint32_t> pooling_names[] = {
    {"first", WELT_POOLING_FIRST}, {"last", WELT_POOLING_LAST}, {"mean", WELT_POOLING_MEAN}};

// "" leaves it to the plugin.
std::uint32_t pooling_of(std::string_view name, const SlotSpec& encoder);

// Of the plugin's classes that fit the one whose name begins most as the model type does, the first of several; "":
// none.
std::string class_for(const ComponentType& type, const std::string& model_type,
                      const std::function<bool(const std::string&)>& fits);

// A part as a recipe describes it.
SlotSpec slot_from_recipe(const Recipe& recipe, const SlotName& name);
RendererSpec renderer_from_recipe(const Recipe& recipe);

// Do both configurations make the same tensors? The trained ones then stay where only a rate or the like differs.
bool same_tensors(const SlotSpec& before, const SlotSpec& now, std::string_view role);

// Sets architectures, vocab_size and model_type of the slot's config to what this place in a WeLT model has.
void choose_architecture(SlotSpec& slot, const SlotName& name);

}  // namespace welt
