// The loss of byte logits. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt {

// Σ over rows of −log softmax(logits)[target].   logits [R, V], targets I64 [R] → scalar, float32 (float64 stays)
at::Tensor byte_cross_entropy(const at::Tensor& logits, const at::Tensor& targets);

}  // namespace welt
