// OLMo2 as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Olmo2 {
  using Model = welt::olmo2::Model;

  static Descriptor descriptor() {
    return {.id = "olmo2",
            .description = "OLMo 2: norms behind the parts, norms of queries and keys",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"olmo2"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("olmo2", "0.1.0", "OLMo 2 models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Olmo2>)
