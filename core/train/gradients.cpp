// See gradients.h.
#include "core/train/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include "core/tensor/finite.h"

namespace welt {

std::vector<at::Tensor> Gradients::defined() const {
  std::vector<at::Tensor> all;
  for (const ModelParameter& parameter : parameters_)
    if (parameter.tensor.grad().defined()) all.push_back(parameter.tensor.grad());
  return all;
}

at::Tensor Gradients::norm() const {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> all = defined();
  if (all.empty()) return at::zeros({}, at::kDouble);
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(all, 2))).to(at::kDouble);
}

void Gradients::clip(double norm, double limit) {
  const at::NoGradGuard no_grad;
  if (limit <= 0 || norm + 1e-6 <= limit) return;
  if (const std::vector<at::Tensor> all = defined(); !all.empty()) at::_foreach_mul_(all, limit / (norm + 1e-6));
}

void Gradients::drop() {
  for (ModelParameter& parameter : parameters_) parameter.tensor.mutable_grad().reset();
}

std::string Gradients::first_not_finite() const {
  for (const ModelParameter& parameter : parameters_) {
    const std::string name = "parameter group " + parameter.group + " (" + parameter.name + ")";
    if (!all_finite(parameter.tensor.detach())) return name;
    if (parameter.tensor.grad().defined() && !all_finite(parameter.tensor.grad())) return "the gradient of " + name;
  }
  return "";
}

}  // namespace welt
