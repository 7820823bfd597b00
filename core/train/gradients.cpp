// See gradients.h.
#include "core/train/gradients.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
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

at::Tensor Gradients::norms(const std::vector<std::size_t>& group_of, std::size_t groups) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> all;
  std::vector<std::vector<std::int64_t>> members(groups);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor& gradient = parameters_[i].tensor.grad();
    if (!gradient.defined()) continue;
    members[group_of[i]].push_back(std::ssize(all));
    all.push_back(gradient);
  }
  if (all.empty()) return at::zeros({static_cast<std::int64_t>(1 + groups)}, at::kDouble);
  const at::Tensor each = at::stack(at::_foreach_norm(all, 2));
  std::vector<at::Tensor> norms{at::linalg_vector_norm(each)};
  for (const std::vector<std::int64_t>& group : members)
    norms.push_back(at::linalg_vector_norm(at::index_select(each, 0, at::tensor(group, at::kLong).to(each.device()))));
  return at::stack(norms).to(at::kDouble);
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
