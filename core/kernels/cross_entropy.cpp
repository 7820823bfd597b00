// The loss: by a kernel where it takes the logits, else as plain operators.
#include "core/kernels/cross_entropy.h"

#include <ATen/core/Reduction.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/nll_loss.h>

#include "core/kernels/instructions.h"
#include "core/kernels/operators.h"

namespace welt {

at::Tensor byte_cross_entropy(const at::Tensor& logits, const at::Tensor& targets) {
  const bool taken =
      logits.device().is_cpu() && (logits.scalar_type() == at::kFloat || logits.scalar_type() == at::kBFloat16);
  if (taken && kernels::chosen_instructions() != nullptr) return kernels::cross_entropy(logits, targets);
  const at::ScalarType type = logits.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::nll_loss(at::log_softmax(logits, -1, type), targets, {}, at::Reduction::Sum);
}

}  // namespace welt
