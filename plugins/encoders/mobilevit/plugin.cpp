// MobileViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct MobileViT {
  using Model = welt::mobilevit::Model;

  static Descriptor descriptor() {
    return {.id = "mobilevit",
            .description = "MobileViT: inverted residuals, and transformers over the patches of their maps",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"mobilevit"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("mobilevit", "0.1.0", "MobileViT models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<MobileViT>)
