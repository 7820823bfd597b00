// Gemma 3 as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Gemma3 {
  using Model = welt::gemma3::Model;

  static Descriptor descriptor() {
    return {
        .id = "gemma3",
        .description = "Gemma 3: norms around both parts, normed queries and keys, layers with and without a window",
        .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
        .hf_model_types = {"gemma3_text"},
        .default_pooling = WELT_POOLING_LAST,
        .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("gemma3", "0.1.0", "Gemma 3 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Gemma3>)
