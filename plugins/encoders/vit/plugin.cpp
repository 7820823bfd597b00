// ViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Vit {
  using Model = welt::vit::Model;

  static Descriptor descriptor() {
    return {.id = "vit",
            .description = "ViT: patches as tokens, learned positions that are interpolated, pre-norm",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"vit"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("vit", "0.1.0", "ViT models, exact to Hugging Face transformers", "MIT"), TorchComponent<Vit>)
