// The cascade of nodes as a plugin: latent transformer and decoder.
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct WaveCascade {
  using Model = welt::wave_cascade::Model;

  static Descriptor descriptor() {
    return {.id = "wave_cascade",
            .description = "A chain of nodes that each attend to the node before: transformers, or ternary recurrences",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE},
            .hf_model_types = {"wave_cascade"},
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL | WELT_COMPONENT_STRICTLY_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("wave_cascade", "0.1.0", "The wave cascade, with causal masks", "MIT"),
            TorchComponent<WaveCascade>)
