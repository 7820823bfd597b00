// SmolLM3 as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct SmolLM3 {
  using Model = welt::smollm3::Model;

  static Descriptor descriptor() {
    return {.id = "smollm3",
            .description = "SmolLM3: every fourth layer without positions, sliding windows",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"smollm3"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("smollm3", "0.1.0", "SmolLM3 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<SmolLM3>)
