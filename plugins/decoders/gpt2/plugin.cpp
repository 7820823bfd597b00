// GPT-2 as a plugin: decoder, latent transformer, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Gpt2 {
  using Model = welt::gpt2::Model;

  static Descriptor descriptor() {
    return {.id = "gpt2",
            .description = "GPT-2: learned positions, layer norms, plain feed-forward",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"gpt2"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("gpt2", "0.1.0", "GPT-2 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Gpt2>)
