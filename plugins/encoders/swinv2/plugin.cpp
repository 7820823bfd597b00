// Swin Transformer V2 as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Swinv2 {
  using Model = welt::swinv2::Model;

  static Descriptor descriptor() {
    return {.id = "swinv2",
            .description = "Swin Transformer V2: cosine attention in shifted windows, stages of halved maps, post-norm",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"swinv2"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("swinv2", "0.1.0", "Swin Transformer V2 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Swinv2>)
