// Qwen2 and Qwen2.5: Llama with biases of queries, keys and values, and windows from a layer on.
//
// Follows transformers 4.57 Qwen2Model / Qwen2ForCausalLM; all but the settings is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>
#include <welt/nn/layer_types.h>

namespace welt::qwen2 {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source)
      : CausalSettings(source, {.name = "Qwen2",
                                .vocab_size = 151936,
                                .width = 4096,
                                .inner = 22016,
                                .layers = 32,
                                .heads = 32,
                                .kv_heads = 32,
                                .rotary = {.max_positions = 32768}}) {
    windows = nn::LateWindows(source, layers).windows;
    bias = true;
  }
};

using Model = nn::CausalTransformer<Settings>;

}  // namespace welt::qwen2
