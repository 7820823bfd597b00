// Row recurrence: the block that models with a state in place of keys and values share.
//
//   h[t] = keep[t] ⊙ h[t−1] + add[t]        along each row, W channels beside each other
//
// Documents of a packed row restart the state, padding leaves it as it is, and a cache keeps it between calls
// (row_plan.h, cache.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "welt/nn/row_plan.h"

namespace welt::nn {

// What the recurrences of one forward share: made once, kept in a model's `Shared`.
struct RecurrentRows {
  explicit RecurrentRows(const RowPlan& plan);
  at::Tensor marks;  // U8 [tokens]: `starts` | `hidden` (recurrence.cpp)
};

// The state after every token. keep, add [tokens, W] of one floating dtype, float32 or wider; state number `state` of
// the cache has `shape`, W numbers in all → [tokens, W]. Time grows with the tokens, forward and backward: on the CPU
// one pass each way, over the rows and channels at once; elsewhere a scan by doubling, of log T operators.
at::Tensor row_recurrence(const at::Tensor& keep, const at::Tensor& add, const RowPlan& plan, const RecurrentRows& rows,
                          std::size_t state, const std::vector<std::int64_t>& shape);

// The plain form, which other devices run: keep, add [n, T, W], marks U8 [n, T] (1: nothing before this token counts,
// 2: it changes nothing), before [n, W] or undefined → [n, T, W].
at::Tensor recurrence_by_operators(at::Tensor keep, at::Tensor add, const at::Tensor& marks, const at::Tensor& before);

}  // namespace welt::nn
