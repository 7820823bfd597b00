// The blocks that models are written in terms of. Each is one function, so that a fused form can take its place without
// a change to any model. (The fourth block, row attention, is in attention.h.)
#pragma once

#include <ATen/core/Tensor.h>

#include "welt/nn/activation.h"
#include "welt/nn/layers.h"

namespace welt::nn {

struct Residual {
  at::Tensor sum;     // branch + residual
  at::Tensor normed;  // norm(sum)
};

// branch [.., D] (undefined: 0), residual [.., D] → their sum and its norm. Pre-norm models carry `sum` on, post-norm
// ones `normed`.
// for_product: nothing but products reads `normed`, so that under autocast it may have their dtype at once.
Residual residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm,
                       bool for_product = false);

// act(gate) · up.   gate, up [.., I] → [.., I]
at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, const Activation& activation);

// act(x Wᵀ + b).   x [.., D] → [.., I]
at::Tensor activated(const Linear& linear, const Activation& activation, const at::Tensor& x);

}  // namespace welt::nn
