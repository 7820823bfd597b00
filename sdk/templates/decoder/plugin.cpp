// The decoder "my_plugin" as the host sees it: the model of model.h behind welt.decoder/1.
#include <welt/abi/decoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;

struct Glue {
  using Model = my_plugin_model::Model;

  static sdk::Descriptor descriptor() {
    return {.id = "my_plugin",
            .description = "a small transformer with rotary positions",
            .roles = {WELT_DECODER_INTERFACE},
            .hf_model_types = {"my_plugin"},
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "A small transformer", "MIT"),
            sdk::TorchComponent<Glue>)
