// See linear.h.
#include "core/kernels/linear.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>

#include "core/kernels/instructions.h"
#include "core/kernels/operators.h"

namespace welt {

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto taken = [](const at::Tensor& t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat; };
  const std::optional<at::Tensor> added = bias.defined() ? std::optional(bias) : std::nullopt;
  if (!at::GradMode::is_enabled() && taken(x) && taken(weight) && weight.is_contiguous() && x.size(-1) > 0 &&
      x.numel() <= kernels::few_rows * x.size(-1) && kernels::chosen_instructions() != nullptr)
    return kernels::few_rows_product(x, weight, added, std::nullopt);
  return at::linear(x, weight, added);
}

}  // namespace welt
