// DINOv3 ConvNeXt as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct ConvNext {
  using Model = welt::dinov3_convnext::Model;

  static Descriptor descriptor() {
    return {.id = "dinov3_convnext",
            .description = "DINOv3 ConvNeXt: depthwise convolutions, layer norms and scaled feed-forward parts",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"dinov3_convnext"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("dinov3_convnext", "0.1.0", "DINOv3 ConvNeXt models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<ConvNext>)
