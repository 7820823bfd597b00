// Phi as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Phi {
  using Model = welt::phi::Model;

  static Descriptor descriptor() {
    return {.id = "phi",
            .description = "Phi 1, 1.5 and 2: one layer norm a block, partly rotary positions, biases everywhere",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"phi"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("phi", "0.1.0", "Phi models, exact to Hugging Face transformers", "MIT"), TorchComponent<Phi>)
