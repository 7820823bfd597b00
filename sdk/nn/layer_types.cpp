// See layer_types.h.
#include "welt/nn/layer_types.h"

#include <algorithm>
#include <string>

namespace welt::nn {

std::vector<bool> sliding_layers(const sdk::Fields& settings, std::int64_t layers,
                                 const std::function<bool(std::int64_t layer)>& usual) {
  const sdk::Key key =
      sdk::list("layer_types", "full_attention or sliding_attention for each layer; null: by the keys");
  return settings.custom({key}, std::vector<bool>(), [&](const sdk::Config& config) {
    std::vector<bool> sliding;
    if (!config.has(key.name)) {
      for (std::int64_t layer = 0; layer < layers; ++layer) sliding.push_back(usual(layer));
      return sliding;
    }
    const std::string name = config.full(key.name);
    for (const std::string& type : config.get_strings(key.name)) {
      if (type != "full_attention" && type != "sliding_attention") {
        throw sdk::invalid(
            name + " has \"" + type + "\"; this class has layers of full_attention and sliding_attention", name);
      }
      sliding.push_back(type == "sliding_attention");
    }
    if (static_cast<std::int64_t>(sliding.size()) != layers) {
      throw sdk::invalid(name + " is a list of " + std::to_string(sliding.size()) + "; expected num_hidden_layers (" +
                             std::to_string(layers) + ")",
                         name);
    }
    return sliding;
  });
}

std::vector<Window> causal_windows(const std::vector<bool>& sliding, std::optional<std::int64_t> span) {
  if (!span && std::ranges::find(sliding, true) != sliding.end()) {
    throw sdk::invalid(
        "layers have a window, and sliding_window does not say how wide it is (Qwen's counts with use_sliding_window = "
        "true alone); expected a number of slots",
        "sliding_window");
  }
  std::vector<Window> windows;
  for (const bool slides : sliding) windows.push_back(slides ? causal_window(span) : Window{});
  return windows;
}

LateWindows::LateWindows(const sdk::Source& source, std::int64_t layers) : Fields(source) {
  const auto usual = [this](std::int64_t layer) { return used && span && layer >= full_layers; };
  windows = causal_windows(sliding_layers(*this, layers, usual), used ? span : std::nullopt);
}

}  // namespace welt::nn
