// Batch norm and its running statistics.
#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm.h>

#include <utility>

#include "welt/nn/layers.h"

namespace welt::nn {

BatchNorm2d::BatchNorm2d(std::int64_t channels, double eps, const at::TensorOptions& options,
                         std::optional<double> momentum, Init weight_init)
    : eps_(eps), momentum_(momentum) {
  parameter("weight", weight, {channels}, options, std::move(weight_init), {.decay = false});
  parameter("bias", bias, {channels}, options, Init::zeros(), {.decay = false});
  buffer("running_mean", running_mean, {channels}, options, Init::zeros());
  buffer("running_var", running_var, {channels}, options, Init::ones());
  buffer("num_batches_tracked", num_batches_tracked, {}, options.dtype(at::kLong), Init::zeros());
}

at::Tensor BatchNorm2d::operator()(const at::Tensor& x) const {
  if (x.is_meta()) {  // LibTorch has no kernel for it there; an outline has shapes and a graph, and no statistics
    return x * weight.view({-1, 1, 1}) + bias.view({-1, 1, 1});
  }
  const std::int64_t values = x.numel() / weight.size(0);  // per channel
  const bool learns = training() && values > 1;            // a step may hold one small image of its size
  double share = momentum_.value_or(0);
  if (learns) {
    num_batches_tracked.add_(1);
    if (!momentum_) share = 1 / static_cast<double>(num_batches_tracked.item<std::int64_t>());
  }
  return at::batch_norm(x, weight, bias, running_mean, running_var, learns, share, eps_, /*cudnn_enabled=*/true);
}

}  // namespace welt::nn
