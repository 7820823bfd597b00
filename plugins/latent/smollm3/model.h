// SmolLM3: Llama with layers that turn nothing (NoPE), which may have windows instead.
//
// Follows transformers 4.57 SmolLM3Model / SmolLM3ForCausalLM; all but the settings is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>
#include <welt/nn/layer_types.h>
#include <cstdint>
#include <optional>
#include <vector>

namespace welt::smollm3 {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source);
  bool used = boolean("use_sliding_window", false, "layers without positions slide, where layer_types is null");
  std::optional<std::int64_t> span =
      integer("sliding_window", sdk::null, "slots that a sliding layer sees, its own among them; null: all")
          .range(1, 1 << 30);
  std::optional<std::vector<std::int64_t>> turning =
      integers("no_rope_layers", sdk::null, "1 for layers with positions, 0 for those without; null: by the interval")
          .range(0, 1);
  std::int64_t interval =
      integer("no_rope_layer_interval", 4, "every such layer is without positions, the first being this one")
          .range(1, 1 << 30);
};

using Model = nn::CausalTransformer<Settings>;

}  // namespace welt::smollm3
