// Granite as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct Granite {
  using Model = welt::granite::Model;

  static Descriptor descriptor() {
    return {.id = "granite",
            .description = "Granite: Llama with scaled embeddings, scores, residual branches and logits",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"granite"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("granite", "0.1.0", "Granite models, exact to Hugging Face transformers", "MIT"),
            TorchComponent<Granite>)
