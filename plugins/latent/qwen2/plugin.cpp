// Qwen2 and Qwen2.5 as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Qwen2 {
  using Model = welt::qwen2::Model;

  static Descriptor descriptor() {
    return {.id = "qwen2",
            .description = "Qwen2: biases of queries, keys and values, sliding windows from a layer on",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"qwen2"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("qwen2", "0.1.0", "Qwen2 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Qwen2>)
