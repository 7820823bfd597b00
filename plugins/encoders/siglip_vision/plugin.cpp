// SigLIP's vision tower as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct SiglipVision {
  using Model = welt::siglip_vision::Model;

  static Descriptor descriptor() {
    return {.id = "siglip_vision",
            .description = "SigLIP's vision tower: a ViT without class token, pooled by attention",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"siglip_vision_model"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("siglip_vision", "0.1.0", "SigLIP vision towers, exact to Hugging Face transformers", "MIT"),
            TorchComponent<SiglipVision>)
