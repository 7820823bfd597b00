// The blocks: by the program's kernels where they take the call, else as plain operators.
#include "welt/nn/blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/rsqrt.h>

#include "host_kernels.h"
#include "welt/nn/attention.h"

namespace welt::nn {
namespace {

bool is_reduced(at::ScalarType type) { return type == at::kBFloat16 || type == at::kHalf; }

at::Tensor rms_norm(const at::Tensor& x, const NormSpec& norm) {
  const at::Tensor wide = is_reduced(x.scalar_type()) ? x.to(at::kFloat) : x;
  // By the vector norm: one pass, and a backward of one pass, where mean(x²) takes three.
  const at::Tensor length = at::linalg_vector_norm(wide, 2, -1, /*keepdim=*/true);                     // [.., 1]
  const at::Tensor inverse = at::rsqrt(length * length / static_cast<double>(x.size(-1)) + norm.eps);  // [.., 1]
  if (norm.kind == NormSpec::Kind::rms) return norm.weight * (wide * inverse).to(x.scalar_type());
  return ((norm.weight.to(wide.scalar_type()) + 1) * (wide * inverse)).to(x.scalar_type());
}

// The kernel's result is as wide as the wider of sum and weight, which is what the operators give where that is the
// same.
bool kernel_takes(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm) {
  if (!host_kernels::take(residual) || !host_kernels::take(norm.weight)) return false;
  at::ScalarType sum = residual.scalar_type();
  if (branch.defined()) {
    if (!host_kernels::take(branch) || branch.sizes() != residual.sizes()) return false;
    sum = c10::promoteTypes(sum, branch.scalar_type());
  }
  return norm.kind == NormSpec::Kind::rms || sum == norm.weight.scalar_type();
}

}  // namespace

Residual residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm, bool for_product) {
  if (kernel_takes(branch, residual, norm)) {
    const bool narrow = for_product && compute_type(residual) == at::kBFloat16;
    auto [total, normed] = host_kernels::residual_norm(branch, residual, norm, narrow);
    return {std::move(total), std::move(normed)};
  }
  const at::Tensor sum = branch.defined() ? branch + residual : residual;
  if (norm.kind != NormSpec::Kind::layer) return {sum, rms_norm(sum, norm)};
  return {sum, at::layer_norm(sum, norm.weight.sizes(), norm.weight, norm.bias, norm.eps)};
}

at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, const Activation& activation) {
  if (host_kernels::take(gate) && gate.scalar_type() == up.scalar_type() && host_kernels::know(activation.name()))
    return host_kernels::gated_product(gate, up, activation.name());
  return activation(gate) * up;
}

at::Tensor activated(const Linear& linear, const Activation& activation, const at::Tensor& x) {
  if (linear.bias.defined() && !host_kernels::few_rows(x, linear.weight) && host_kernels::take(x) &&
      host_kernels::take(linear.bias) && host_kernels::know(activation.name()))
    return host_kernels::biased_activation(nn::linear(x, linear.weight), linear.bias, activation.name());
  return activation(linear(x));
}

}  // namespace welt::nn
