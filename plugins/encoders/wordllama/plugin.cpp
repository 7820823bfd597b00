// Static token embeddings as a plugin: bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct WordLlama {
  using Model = welt::wordllama::Model;

  static Descriptor descriptor() {
    return {.id = "wordllama",
            .description = "A static embedding: a word's vector is the mean of its tokens' rows of a table",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"wordllama"},
            .default_pooling = WELT_POOLING_MEAN,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("wordllama", "0.1.0", "Static token embeddings of WordLlama and Model2Vec", "MIT"),
            TorchComponent<WordLlama>)
