// NaViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Navit {
  using Model = welt::navit::Model;

  static Descriptor descriptor() {
    return {.id = "navit",
            .description = "NaViT: images of any size, positions by height and width, pooled by attention",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"navit"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("navit", "0.1.0", "NaViT models, exact to vit-pytorch and the Python WeLT", "MIT"),
            TorchComponent<Navit>)
