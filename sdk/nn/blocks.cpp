// The blocks as plain operators.
#include "welt/nn/blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/rsqrt.h>

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

}  // namespace

Residual residual_norm(const at::Tensor& branch, const at::Tensor& residual, const NormSpec& norm) {
  const at::Tensor sum = branch.defined() ? branch + residual : residual;
  if (norm.kind != NormSpec::Kind::layer) return {sum, rms_norm(sum, norm)};
  return {sum, at::layer_norm(sum, norm.weight.sizes(), norm.weight, norm.bias, norm.eps)};
}

at::Tensor gated_product(const at::Tensor& gate, const at::Tensor& up, const Activation& activation) {
  return activation(gate) * up;
}

}  // namespace welt::nn
