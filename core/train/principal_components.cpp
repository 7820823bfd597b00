// See principal_components.h.
#include "core/train/principal_components.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <tuple>

namespace welt {
namespace {

constexpr std::int64_t block_rows = 8192;  // taken to float64 at a time

template <typename Body>
void for_each_block(std::int64_t rows, Body&& body) {
  for (std::int64_t first = 0; first < rows; first += block_rows) body(first, std::min(block_rows, rows - first));
}

}  // namespace

at::Tensor principal_components(const at::Tensor& rows, std::int64_t components, double* explained) {
  const at::NoGradGuard no_grad;
  const std::int64_t count = rows.size(0), width = rows.size(1);
  const auto block = [&](std::int64_t first, std::int64_t size) { return rows.narrow(0, first, size).to(at::kDouble); };
  at::Tensor mean = at::zeros({width}, at::kDouble), covariance = at::zeros({width, width}, at::kDouble);
  for_each_block(count, [&](auto first, auto size) { mean += block(first, size).sum(0) / static_cast<double>(count); });
  for_each_block(count, [&](auto first, auto size) {
    const at::Tensor centred = block(first, size) - mean;
    covariance += centred.t().matmul(centred);
  });
  const auto [variances, vectors] = at::linalg_eigh(covariance);  // ascending
  if (explained != nullptr) {
    const at::Tensor positive = variances.clamp_min(0);
    const double all = positive.sum().item<double>();
    const double taken = positive.narrow(0, width - components, components).sum().item<double>();
    *explained = all > 0 ? taken / all : 1;
  }
  const at::Tensor axes = vectors.narrow(1, width - components, components).flip(1);  // [D, components]
  at::Tensor scores = at::empty({count, components}, at::kFloat);
  at::Tensor high = at::zeros({components}, at::kDouble), low = at::zeros({components}, at::kDouble);
  for_each_block(count, [&](auto first, auto size) {
    const at::Tensor part = (block(first, size) - mean).matmul(axes);
    high = high.maximum(part.amax(0)), low = low.minimum(part.amin(0));
    scores.narrow(0, first, size).copy_(part);
  });
  const at::Tensor turned = high.lt(low.neg());  // the largest number of the column is negative
  return scores * (1 - 2 * turned.to(at::kFloat));
}

at::Tensor zipf_weights(std::int64_t rows, double coefficient) {
  const at::Tensor inverse_rank = at::arange(2, rows + 2, at::kDouble).reciprocal();
  return coefficient / (coefficient + inverse_rank / inverse_rank.sum());
}

}  // namespace welt
