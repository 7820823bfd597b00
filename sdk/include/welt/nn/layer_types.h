// Which layers of a model see all of a row (causal ones: all before), which a window only: the key `layer_types` of
// transformers, and the keys that stand in for it where it is not given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>
#include <welt/sdk/fields.hpp>

#include "welt/nn/row_plan.h"

namespace welt::nn {

// What a token sees in a layer whose window is `span` slots wide, itself counted; none: all before it.
inline Window causal_window(std::optional<std::int64_t> span) { return {.left = span ? *span - 1 : -1, .right = -1}; }

// `layer_types`, a list of "full_attention" and "sliding_attention": true for each layer that slides. Where it is null,
// `usual` says it. Throws Failure naming the key.
std::vector<bool> sliding_layers(const sdk::Fields& settings, std::int64_t layers,
                                 const std::function<bool(std::int64_t layer)>& usual);

// The window of each layer. Throws Failure where a layer slides and there is no span.
std::vector<Window> causal_windows(const std::vector<bool>& sliding, std::optional<std::int64_t> span);

// The keys of Qwen2 and Qwen3, as a part of their settings: the first max_window_layers layers see all, the others
// slide, unless layer_types says otherwise.
struct LateWindows : sdk::Fields {
  LateWindows(const sdk::Source& source, std::int64_t layers);
  bool used = boolean("use_sliding_window", false, "sliding_window counts");
  std::optional<std::int64_t> span =
      integer("sliding_window", 4096, "slots that a sliding layer sees, its own among them; null: all")
          .range(1, 1 << 30)
          .nullable();
  std::int64_t full_layers =
      integer("max_window_layers", 28, "layers that see all, before those that slide").range(0, 1 << 30);
  std::vector<Window> windows;  // of each layer
};

}  // namespace welt::nn
