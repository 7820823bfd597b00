// Qwen3 as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Qwen3 {
  using Model = welt::qwen3::Model;

  static Descriptor descriptor() {
    return {.id = "qwen3",
            .description = "Qwen3: norms of every query and key, sliding windows from a layer on",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"qwen3"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("qwen3", "0.1.0", "Qwen3 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Qwen3>)
