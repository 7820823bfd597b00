// CLIP's vision tower as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct ClipVision {
  using Model = welt::clip_vision::Model;

  static Descriptor descriptor() {
    return {.id = "clip_vision",
            .description = "CLIP's vision tower: a ViT with a norm before its blocks, and quick GELU",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"clip_vision_model"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("clip_vision", "0.1.0", "CLIP vision towers, exact to Hugging Face transformers", "MIT"),
            TorchComponent<ClipVision>)
