// GPT-NeoX as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct GptNeoX {
  using Model = welt::gpt_neox::Model;

  static Descriptor descriptor() {
    return {.id = "gpt_neox",
            .description = "GPT-NeoX, Pythia: layer norms, partly rotary positions, parallel residual",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"gpt_neox"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("gpt_neox", "0.1.0", "GPT-NeoX models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<GptNeoX>)
