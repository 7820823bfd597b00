// The loss as plain operators.
#include "core/kernels/cross_entropy.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>

namespace welt {

at::Tensor byte_cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  const at::ScalarType type = logits.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::nll_loss(at::log_softmax(logits, -1, type), targets, {}, at::Reduction::Sum);
}

}  // namespace welt
