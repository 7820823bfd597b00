// Llama: causal transformer with RMS norms, rotary positions, grouped key heads and a gated feed-forward part.
//
// Follows transformers 4.57 LlamaModel / LlamaForCausalLM; the mathematics is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>

namespace welt::llama {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source)
      : CausalSettings(source, {.name = "Llama",
                                .vocab_size = 32000,
                                .width = 4096,
                                .inner = 11008,
                                .layers = 32,
                                .heads = 32,
                                .rotary = {.max_positions = 2048}}) {
    bias = out_bias = boolean("attention_bias", false, "q, k, v and o have biases");
    mlp_bias = boolean("mlp_bias", false, "gate, up and down have biases");
  }
};

using Model = nn::CausalTransformer<Settings>;

}  // namespace welt::llama
