// ModernBERT as a plugin: a bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct ModernBert {
  using Model = welt::modernbert::Model;

  static Descriptor descriptor() {
    return {.id = "modernbert",
            .description = "ModernBERT: bidirectional, rotary positions, layers with and without a window, few biases",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"modernbert"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("modernbert", "0.1.0", "ModernBERT models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<ModernBert>)
