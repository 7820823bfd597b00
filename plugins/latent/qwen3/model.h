// Qwen3: Llama with an RMS norm of every query and key before they turn, and windows from a layer on.
//
// Follows transformers 4.57 Qwen3Model / Qwen3ForCausalLM; all but the settings is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>
#include <welt/nn/layer_types.h>

namespace welt::qwen3 {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source)
      : CausalSettings(source, {.name = "Qwen3",
                                .vocab_size = 151936,
                                .width = 4096,
                                .inner = 22016,
                                .layers = 32,
                                .heads = 32,
                                .kv_heads = 32,
                                .head_width = 128,
                                .rotary = {.max_positions = 32768}}) {
    bias = out_bias = boolean("attention_bias", false, "q, k, v and o have biases");
    windows = nn::LateWindows(source, layers).windows;
    query_norm = QueryNorm::heads;
  }
};

using Model = nn::CausalTransformer<Settings>;

}  // namespace welt::qwen3
