// Which layers turn and which slide. See model.h.
#include "model.h"

#include <string>

namespace welt::smollm3 {

Settings::Settings(const sdk::Source& source)
    : CausalSettings(source, {.name = "SmolLM3",
                              .vocab_size = 128256,
                              .width = 2048,
                              .inner = 11008,
                              .layers = 36,
                              .heads = 16,
                              .kv_heads = 4,
                              .padding = 128004,
                              .tied = true,
                              .rotary = {.max_positions = 32768, .theta = 2000000}}) {
  bias = out_bias = boolean("attention_bias", false, "q, k, v and o have biases");
  mlp_bias = boolean("mlp_bias", false, "gate, up and down have biases");
  if (turning && static_cast<std::int64_t>(turning->size()) < layers) {
    throw sdk::invalid("no_rope_layers is a list of " + std::to_string(turning->size()) +
                           "; expected at least num_hidden_layers (" + std::to_string(layers) + ")",
                       "no_rope_layers");
  }
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const bool by_interval = (layer + 1) % interval != 0;
    with_positions.push_back(turning ? (*turning)[static_cast<std::size_t>(layer)] == 1 : by_interval);
  }
  const auto usual = [&](std::int64_t layer) {
    return used && span && !with_positions[static_cast<std::size_t>(layer)];
  };
  windows = nn::causal_windows(nn::sliding_layers(*this, layers, usual), span);
}

}  // namespace welt::smollm3
