// The MatMul-free language model as a plugin: latent transformer, decoder, and causal bytes encoder.
#include <welt/abi/bytes_encoder.h>
#include <welt/abi/decoder.h>
#include <welt/abi/latent_transformer.h>
#include <welt/sdk/torch.hpp>

#include "model.h"

namespace {

using namespace welt::sdk;

struct MatmulFree {
  using Model = welt::matmul_free::Model;

  static Descriptor descriptor() {
    return {.id = "matmul_free",
            .description = "MatMul-free: a gated recurrence, and weights that are -1, 0 or 1",
            .roles = {WELT_LATENT_TRANSFORMER_INTERFACE, WELT_DECODER_INTERFACE, WELT_BYTES_ENCODER_INTERFACE},
            .hf_model_types = {"hgrn_bit"},
            .default_pooling = WELT_POOLING_LAST,
            .flags = WELT_COMPONENT_PACKED | WELT_COMPONENT_CAUSAL | WELT_COMPONENT_STRICTLY_CAUSAL};
  }
};

}  // namespace

WELT_PLUGIN(PluginInfo("matmul_free", "0.1.0", "The MatMul-free language model (model_type hgrn_bit)", "MIT"),
            TorchComponent<MatmulFree>)
