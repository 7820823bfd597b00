// Row attention: the block that all transformers here share.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "welt/nn/rotary.h"
#include "welt/nn/row_plan.h"

namespace welt::nn {

struct AttentionOptions {
  double scale = 0;  // of q·k; 0: 1/√d
  Window window = {};
  double dropout = 0;                   // of the attention weights; 0 in evaluation
  bool upcast = false;                  // scores and softmax in float32 where q is narrower, also under autocast
  const RotaryTable* rotary = nullptr;  // turns queries and keys; in plan order
  std::int64_t layer = 0;               // which layer of the cache
  // Added to the scaled scores: q [n, H, T, d], k [n, Hkv, S, d] → [n, H, T, S].
  std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k)> score_bias = {};
};

// softmax(q kᵀ · scale + mask) v within each row, over cached and own slots; with fewer key heads than query heads,
// head h of q looks at head h / (H / Hkv). A query that sees no key gives 0. q [tokens, H, d], k [tokens, Hkv, d], v
// [tokens, Hkv, dv], all in plan order → [tokens, H·dv]
at::Tensor row_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const RowPlan& plan,
                         const AttentionOptions& options);

// The dtype that products give here: autocast's when it is on, else that of x.
at::ScalarType compute_type(const at::Tensor& x);

}  // namespace welt::nn
