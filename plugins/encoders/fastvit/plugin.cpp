// FastViT as a plugin: an image encoder.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct FastVit {
  using Model = welt::fastvit::Model;

  static Descriptor descriptor() {
    return {.id = "fastvit",
            .description =
                "FastViT of timm, MobileCLIP's and FastVLM's image encoders among them: convolutions of "
                "several branches, attention in the last stages",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"timm_wrapper"}};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("fastvit", "0.1.0", "FastViT models, exact to timm under Hugging Face transformers", "MIT"),
            TorchComponent<FastVit>)
