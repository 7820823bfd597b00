// Mistral: Llama whose tokens see a window of the row.
//
// Follows transformers 4.57 MistralModel / MistralForCausalLM; all but the window is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>
#include <welt/nn/layer_types.h>
#include <cstdint>
#include <optional>

namespace welt::mistral {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source)
      : CausalSettings(source, {.name = "Mistral",
                                .vocab_size = 32000,
                                .width = 4096,
                                .inner = 14336,
                                .layers = 32,
                                .heads = 32,
                                .kv_heads = 8,
                                .rotary = {.max_positions = 4096 * 32}}) {
    windows.assign(static_cast<std::size_t>(layers), nn::causal_window(span));
  }
  std::optional<std::int64_t> span =
      integer("sliding_window", 4096, "slots that a token sees, its own among them; null: all before it")
          .range(1, 1 << 30)
          .nullable();
};

using Model = nn::CausalTransformer<Settings>;

}  // namespace welt::mistral
