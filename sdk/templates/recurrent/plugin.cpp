// The latent transformer "my_plugin" as the host sees it: the model of model.h behind welt.latent_transformer/1.
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;

struct Glue {
  using Model = my_plugin_model::Model;

  static sdk::Descriptor descriptor() {
    return {.id = "my_plugin",
            .description = "a small gated linear recurrence",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE},
            .hf_model_types = {"my_plugin"},
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL | WELT_COMPONENT_STRICTLY_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "A small gated linear recurrence", "MIT"),
            sdk::TorchComponent<Glue>)
