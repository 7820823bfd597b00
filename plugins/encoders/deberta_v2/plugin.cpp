// DeBERTa v2 and v3 as a plugin: a bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct DebertaV2 {
  using Model = welt::deberta_v2::Model;

  static Descriptor descriptor() {
    return {.id = "deberta_v2",
            .description = "DeBERTa v2 and v3: bidirectional, content and distance scored apart, post-norm",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"deberta-v2"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("deberta_v2", "0.1.0", "DeBERTa v2 and v3, exact to Hugging Face transformers", "MIT"),
            TorchComponent<DebertaV2>)
