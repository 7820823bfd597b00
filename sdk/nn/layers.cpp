// The plain layers.
#include "welt/nn/layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>

#include <array>
#include <utility>

#include "host_kernels.h"
#include "welt/nn/blocks.h"

namespace welt::nn {

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias, const at::TensorOptions& options, Init init,
               Init bias_init) {
  parameter("weight", weight, {out, in}, options, std::move(init));
  with_bias ? parameter("bias", bias, {out}, options, std::move(bias_init), {.decay = false}) : absent(bias);
}
at::Tensor Linear::operator()(const at::Tensor& x) const {
  if (host_kernels::few_rows(x, weight)) return host_kernels::few_rows_product(x, weight, bias);
  return linear(x, weight, bias);
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return host_kernels::linear(x, weight, bias);
}

Conv1D::Conv1D(std::int64_t in, std::int64_t out, const at::TensorOptions& options, Init init) {
  parameter("weight", weight, {in, out}, options, std::move(init));
  parameter("bias", bias, {out}, options, Init::zeros(), {.decay = false});
}
at::Tensor Conv1D::operator()(const at::Tensor& x) const {
  if (host_kernels::narrow_weights(x, weight)) return host_kernels::few_rows_product(x, weight, bias, /*turned=*/true);
  return host_kernels::linear(x, weight, bias, /*turned=*/true);
}

Embedding::Embedding(std::int64_t rows, std::int64_t width, const at::TensorOptions& options, Init init) {
  table("weight", weight, {rows, width}, options, std::move(init));
}
at::Tensor Embedding::operator()(const at::Tensor& index) const { return at::embedding(weight, index); }

GatedMLP::GatedMLP(std::int64_t width, std::int64_t inner, std::string_view activation, bool with_bias,
                   const at::TensorOptions& options, Init init)
    : activation_(activation),
      gate_(width, inner, with_bias, options, init),
      up_(width, inner, with_bias, options, init),
      down_(inner, width, with_bias, options, init) {
  children({{"gate_proj", gate_}, {"up_proj", up_}, {"down_proj", down_}});
}
at::Tensor GatedMLP::operator()(const at::Tensor& x) const {
  return down_(gated_product(gate_(x), up_(x), activation_));
}

LayerNorm::LayerNorm(std::int64_t width, double eps, const at::TensorOptions& options, bool with_bias) : eps_(eps) {
  parameter("weight", weight, {width}, options, Init::ones(), {.decay = false});
  with_bias ? parameter("bias", bias, {width}, options, Init::zeros(), {.decay = false}) : absent(bias);
}
at::Tensor LayerNorm::operator()(const at::Tensor& x) const { return residual_norm({}, x, spec()).normed; }

RMSNorm::RMSNorm(std::int64_t width, double eps, const at::TensorOptions& options) : eps_(eps) {
  parameter("weight", weight, {width}, options, Init::ones(), {.decay = false});
}
at::Tensor RMSNorm::operator()(const at::Tensor& x) const { return residual_norm({}, x, spec()).normed; }

OffsetRMSNorm::OffsetRMSNorm(std::int64_t width, double eps, const at::TensorOptions& options) : eps_(eps) {
  parameter("weight", weight, {width}, options, Init::zeros(), {.decay = false});
}
at::Tensor OffsetRMSNorm::operator()(const at::Tensor& x) const { return residual_norm({}, x, spec()).normed; }

Conv2d::Conv2d(std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options, Init init,
               Init bias_init)
    : shape_(shape) {
  parameter("weight", weight, {out, in / shape.groups, shape.kernel.height, shape.kernel.width}, options,
            std::move(init));
  shape.bias ? parameter("bias", bias, {out}, options, std::move(bias_init), {.decay = false}) : absent(bias);
}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  const auto [kh, kw] = shape_.kernel;
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  const bool dilated = shape_.dilation != Extent{1, 1} && shape_.kernel != Extent{1, 1};
  const bool tiles = shape_.kernel == shape_.stride && shape_.padding == Extent{0, 0} && shape_.groups == 1 &&
                     !dilated && height % kh == 0 && width % kw == 0;
  if (!tiles && x.is_meta()) {  // LibTorch has no kernel for it there; an outline has shapes and a graph
    const auto [sh, sw] = shape_.stride;
    const auto [ph, pw] = shape_.padding;
    const std::int64_t spread_height = shape_.dilation.height * (kh - 1),
                       spread_width = shape_.dilation.width * (kw - 1);
    const at::Tensor sum = x.sum() * weight.sum() + (bias.defined() ? bias.sum() : at::zeros({}, x.options()));
    return sum + at::zeros({n, weight.size(0), (height + 2 * ph - spread_height - 1) / sh + 1,
                            (width + 2 * pw - spread_width - 1) / sw + 1},
                           x.options());
  }
  if (!tiles) {
    const auto pair = [](const Extent& extent) { return std::array{extent.height, extent.width}; };
    const std::array stride = pair(shape_.stride), padding = pair(shape_.padding), dilation = pair(shape_.dilation);
    return at::conv2d(x, weight, bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt, stride, padding,
                      dilation, shape_.groups);
  }
  const std::int64_t rows = height / kh, columns = width / kw, out = weight.size(0);
  const at::Tensor patches = x.reshape({n, channels, rows, kh, columns, kw})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({n * rows * columns, channels * kh * kw});  // [N·h·w, C·kh·kw]
  const at::Tensor flat = weight.view({out, channels * kh * kw});
  const at::Tensor y = linear(patches, flat, bias);
  return y.view({n, rows, columns, out}).permute({0, 3, 1, 2});
}

}  // namespace welt::nn
