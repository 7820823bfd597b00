// Llama as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Llama {
  using Model = welt::llama::Model;

  static Descriptor descriptor() {
    return {.id = "llama",
            .description = "Llama: RMS norms, rotary positions, grouped key heads, gated feed-forward",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"llama"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("llama", "0.1.0", "Llama models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Llama>)
