// The image encoder "my_plugin" as the host sees it: the model of model.h behind welt.image_encoder/1.
#include <welt/abi/image_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;

struct Glue {
  using Model = my_plugin_model::Model;

  static sdk::Descriptor descriptor() {
    return {.id = "my_plugin",
            .description = "patches, sinusoids and small feed-forward blocks",
            .roles = {WELT_IMAGE_ENCODER_INTERFACE},
            .hf_model_types = {"my_plugin"}};
  }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "A small image encoder", "MIT"),
            sdk::TorchComponent<Glue>)
