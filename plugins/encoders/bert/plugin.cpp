// BERT as a plugin: a bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Bert {
  using Model = welt::bert::Model;

  static Descriptor descriptor() {
    return {.id = "bert",
            .description = "BERT: bidirectional, learned positions, token types, post-norm",
            .roles = {WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"bert"},
            .default_pooling = WELT_POOLING_FIRST,
            .flags = WELT_COMPONENT_PACKED};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("bert", "0.1.0", "BERT models, exact to Hugging Face transformers", "MIT"), TorchComponent<Bert>)
