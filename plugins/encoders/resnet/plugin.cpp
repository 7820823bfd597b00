// ResNet as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct ResNet {
  using Model = welt::resnet::Model;

  static Descriptor descriptor() {
    return {.id = "resnet",
            .description = "ResNet: residual convolution blocks with batch norm, pooled over the last map",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"resnet"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("resnet", "0.1.0", "ResNet models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<ResNet>)
