// The bytes encoder "my_plugin" as the host sees it: the model of model.h behind welt.bytes_encoder/1.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

namespace sdk = welt::sdk;

struct Glue {
  using Model = my_plugin_model::Model;

  static sdk::Descriptor descriptor() {
    return {.id = "my_plugin",
            .description = "a small transformer with rotary positions",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"my_plugin"},
            .default_pooling = WELT_POOLING_MEAN,
            .flags = WELT_COMPONENT_PACKED};  // not causal: every byte sees the whole word
  }
};

}  // namespace

WELT_PLUGIN(sdk::PluginInfo(WELT_PLUGIN_ID, WELT_PLUGIN_VERSION, "A small transformer", "MIT"),
            sdk::TorchComponent<Glue>)
