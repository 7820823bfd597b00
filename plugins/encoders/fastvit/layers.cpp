// What a FastViT is built of. See layers.h.
#include "layers.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
#include <cmath>

namespace welt::fastvit {
namespace {

constexpr std::int64_t head_width = 32, positions_kernel = 7, mlp_kernel = 7, small_kernel = 3;

// A convolution with bias.
nn::Conv2d biased(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups,
                  const at::TensorOptions& options) {
  const nn::Init start = convolution_start(in / groups * kernel * kernel);
  return nn::Conv2d(in, out, convolution(kernel, stride, groups, /*bias=*/true), options, start, start);
}

nn::Init small() { return nn::Init::truncated_normal(0.02); }

}  // namespace

nn::Conv2d::Shape convolution(std::int64_t kernel, std::int64_t stride, std::int64_t groups, bool bias) {
  const std::int64_t padding = (stride - 1 + kernel - 1) / 2;
  return {.kernel = {kernel, kernel},
          .stride = {stride, stride},
          .padding = {padding, padding},
          .groups = groups,
          .bias = bias};
}

nn::Init convolution_start(std::int64_t fan_in) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return nn::Init::uniform(-bound, bound);
}

ConvNorm::ConvNorm(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups,
                   const at::TensorOptions& options, std::optional<nn::Init> start)
    : conv_(in, out, convolution(kernel, stride, groups, /*bias=*/false), options,
            start ? *start : convolution_start(in / groups * kernel * kernel)),
      bn_(out, norm_eps, options) {
  children({{"conv", conv_}, {"bn", bn_}});
}

SqueezeExcite::SqueezeExcite(std::int64_t width, std::int64_t inner, const at::TensorOptions& options)
    : fc1_(biased(width, inner, 1, 1, 1, options)), fc2_(biased(inner, width, 1, 1, 1, options)) {
  children({{"fc1", fc1_}, {"fc2", fc2_}});
}

at::Tensor SqueezeExcite::operator()(const at::Tensor& x) const {
  return x * at::sigmoid(fc2_(at::relu(fc1_(x.mean({2, 3}, /*keepdim=*/true)))));  // [N, D, 1, 1]
}

MobileOne::MobileOne(const Shape& shape, const at::TensorOptions& options) : shape_(shape) {
  const auto& [in, out, kernel, stride, groups, merged, excited, activation, convolves, scales] = shape;
  if (excited) {
    const double inner = std::floor(static_cast<double>(out) / 16 + 0.5);
    child("se", se_.emplace(out, std::max<std::int64_t>(1, static_cast<std::int64_t>(inner)), options));
  }
  if (merged) {
    const nn::Init start = convolution_start(in / groups * kernel * kernel);
    child("reparam_conv", merged_.emplace(in, out, convolution(kernel, stride, groups, true), options, start, start));
    return;
  }
  if (in == out && stride == 1) child("identity", identity_.emplace(in, norm_eps, options));
  if (convolves) child("conv_kxk.0", convolution_.emplace(in, out, kernel, stride, groups, options));
  if (scales && kernel > 1) child("conv_scale", scale_.emplace(in, out, 1, stride, groups, options));
}

at::Tensor MobileOne::operator()(const at::Tensor& x) const {
  at::Tensor out;  // [N, out, ⌈h/s⌉, ⌈w/s⌉]
  const auto add = [&](const auto& branch) {
    if (branch) out = out.defined() ? out + (*branch)(x) : (*branch)(x);
  };
  add(merged_), add(scale_), add(identity_), add(convolution_);
  if (se_) out = (*se_)(out);
  return shape_.activation ? at::gelu(out) : out;
}

Downsample::Downsample(const StageShape& stage, const Arguments& a, bool activation, const at::TensorOptions& options)
    : activation_(activation),
      mixing_({.in = stage.width, .out = stage.width, .kernel = 1, .merged = a.fused}, options) {
  const std::int64_t in = stage.in, out = stage.width, kernel = a.down_kernel, stride = a.down_stride;
  if (a.fused) {
    const nn::Init start = convolution_start(kernel * kernel);
    child("proj.0.reparam_conv",
          merged_.emplace(in, out, convolution(kernel, stride, in, true), options, start, start));
  } else {
    child("proj.0.large_conv", large_.emplace(in, out, kernel, stride, in, options));
    child("proj.0.small_conv", small_.emplace(in, out, small_kernel, stride, in, options));
  }
  if (stage.excited) {  // a quarter, rounded to multiples of 8
    child("proj.0.se", se_.emplace(out, std::max<std::int64_t>(8, (out / 4 + 4) / 8 * 8), options));
  }
  child("proj.1", mixing_);
}

at::Tensor Downsample::operator()(const at::Tensor& x) const {
  at::Tensor out = merged_ ? (*merged_)(x) : (*large_)(x) + (*small_)(x);
  if (se_) out = (*se_)(out);
  return mixing_(activation_ ? at::gelu(out) : out);
}

Positions::Positions(std::int64_t width, bool merged, const at::TensorOptions& options)
    : merged_(merged), around_(biased(width, width, positions_kernel, 1, width, options)) {
  child(merged ? "reparam_conv" : "pos_enc", around_);
}

at::Tensor Positions::operator()(const at::Tensor& x) const { return merged_ ? around_(x) : around_(x) + x; }

LayerScale::LayerScale(std::int64_t width, double start, const at::TensorOptions& options) {
  parameter("gamma", gamma_, {width, 1, 1}, options, nn::Init::constant(start), {.decay = false});
}

at::Tensor LayerScale::operator()(const at::Tensor& x) const { return x * gamma_; }

RepMixer::RepMixer(std::int64_t width, const Arguments& a, const at::TensorOptions& options) {
  MobileOne::Shape shape{.in = width, .out = width, .kernel = a.mixer_kernel, .groups = width, .activation = false};
  if (a.fused) {
    const nn::Init start = convolution_start(shape.kernel * shape.kernel);
    child("reparam_conv",
          merged_.emplace(width, width, convolution(shape.kernel, 1, width, /*bias=*/true), options, start, start));
    return;
  }
  mixer_.emplace(shape, options);
  shape.convolves = shape.scales = false;
  norm_.emplace(shape, options);
  scale_.emplace(width, a.layer_scale, options);
  children({{"norm", *norm_}, {"mixer", *mixer_}, {"layer_scale", *scale_}});
}

at::Tensor RepMixer::operator()(const at::Tensor& x) const {
  return merged_ ? (*merged_)(x) : x + (*scale_)((*mixer_)(x) - (*norm_)(x));
}

Attention::Attention(std::int64_t width, const at::TensorOptions& options, double deviation)
    : heads_(width / head_width),
      qkv_(width, 3 * width, /*with_bias=*/false, options, deviation),
      proj_(width, width, /*with_bias=*/true, options, deviation) {
  children({{"qkv", qkv_}, {"proj", proj_}});
}

at::Tensor Attention::operator()(const at::Tensor& x) const {
  const std::int64_t n = x.size(0), width = x.size(1), tokens = x.size(2) * x.size(3);
  const at::Tensor all = qkv_(x.flatten(2).transpose(1, 2));                                       // [N, h·w, 3D]
  const at::Tensor parts = all.view({n, tokens, 3, heads_, head_width}).permute({2, 0, 3, 1, 4});  // [3, N, H, h·w, 32]
  const at::Tensor seen = at::scaled_dot_product_attention(parts.select(0, 0), parts.select(0, 1), parts.select(0, 2));
  const at::Tensor mixed = proj_(seen.transpose(1, 2).reshape({n, tokens, width}));  // [N, h·w, D]
  return mixed.transpose(1, 2).reshape(x.sizes());
}

ConvMlp::ConvMlp(std::int64_t width, std::int64_t inner, double dropout, const at::TensorOptions& options)
    : dropout_(dropout),
      conv_(width, width, mlp_kernel, 1, width, options, small()),
      fc1_(width, inner, convolution(1, 1, 1, /*bias=*/true), options, small()),
      fc2_(inner, width, convolution(1, 1, 1, /*bias=*/true), options, small()) {
  children({{"conv", conv_}, {"fc1", fc1_}, {"fc2", fc2_}});
}

at::Tensor ConvMlp::operator()(const at::Tensor& x) const {
  const auto dropped = [&](const at::Tensor& y) { return nn::dropout(y, active(dropout_)); };
  return dropped(fc2_(dropped(at::gelu(fc1_(conv_(x))))));  // D → I → D
}

}  // namespace welt::fastvit
