// DINOv3's ViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Dinov3Vit {
  using Model = welt::dinov3_vit::Model;

  static Descriptor descriptor() {
    return {.id = "dinov3_vit",
            .description = "DINOv3's ViT: registers, layer scale, rotary positions in height and width",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"dinov3_vit"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("dinov3_vit", "0.1.0", "DINOv3 ViT models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Dinov3Vit>)
