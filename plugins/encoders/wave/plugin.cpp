// Bytes as waves as a plugin: bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Wave {
  using Model = welt::wave::Model;

  static Descriptor descriptor() {
    return {
        .id = "wave",
        .description = "Bytes as waves: a sine for each dimension, expanded by a transformer node or a wave network",
        .roles = {WELT_BYTES_ENCODER_INTERFACE},
        .hf_model_types = {"wave"},
        .default_pooling = WELT_POOLING_MEAN,
        .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("wave", "0.1.0", "Wave embeddings of bytes, and wave networks", "MIT"), TorchComponent<Wave>)
