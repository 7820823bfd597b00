// DistilBERT as a plugin: a bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct DistilBert {
  using Model = welt::distilbert::Model;

  static Descriptor descriptor() {
    return {.id = "distilbert",
            .description = "DistilBERT: bidirectional, learned or sinusoidal positions, post-norm, no token types",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"distilbert"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("distilbert", "0.1.0", "DistilBERT models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<DistilBert>)
