// The tree of named tensors and the plain layers.
#include "welt/nn/module.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <array>
#include <optional>
#include <utility>

#include "welt/nn/blocks.h"

namespace welt::nn {

void Module::parameter(std::string name, at::Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                       Init init, bool decay) {
  tensor = at::empty(shape, options).requires_grad_(true);
  order_.push_back({own_.size(), false});
  own_.push_back({std::move(name), &tensor, init, decay, /*table=*/false});
}

void Module::table(std::string name, at::Tensor& tensor, at::IntArrayRef shape, const at::TensorOptions& options,
                   Init init) {
  parameter(std::move(name), tensor, shape, options, init, /*decay=*/true);
  own_.back().table = true;
}

void Module::child(std::string name, Module& module, bool optional_in_file) {
  order_.push_back({children_.size(), true});
  children_.push_back({std::move(name), &module, optional_in_file});
}

std::vector<Slot> Module::slots() const {
  std::vector<Slot> out;
  collect("", false, out);
  return out;
}

void Module::collect(const std::string& prefix, bool optional, std::vector<Slot>& out) const {
  for (const Item& item : order_) {
    if (item.is_child) {
      const Child& part = children_[item.index];
      part.module->collect(part.name.empty() ? prefix : prefix + part.name + ".", optional || part.optional_in_file,
                           out);
    } else {
      const Own& own = own_[item.index];
      out.push_back({prefix + own.name, own.tensor, own.init, own.decay, own.table, optional});
    }
  }
}

void Module::initialise() {
  const at::NoGradGuard no_grad;
  for (const Slot& slot : slots()) {
    switch (slot.init.kind) {
      case Init::Kind::normal:
        slot.tensor->normal_(0, slot.init.deviation);
        break;
      case Init::Kind::zeros:
        slot.tensor->zero_();
        break;
      case Init::Kind::ones:
        slot.tensor->fill_(1);
        break;
    }
  }
}

at::Tensor dropout(const at::Tensor& x, double probability) {
  return probability > 0 ? at::dropout(x, probability, /*train=*/true) : x;
}

Linear::Linear(std::int64_t in, std::int64_t out, bool with_bias, const at::TensorOptions& options, double deviation) {
  parameter("weight", weight, {out, in}, options, Init::normal(deviation), true);
  if (with_bias) parameter("bias", bias, {out}, options, Init::zeros(), false);
}
at::Tensor Linear::operator()(const at::Tensor& x) const {
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

Conv1D::Conv1D(std::int64_t in, std::int64_t out, const at::TensorOptions& options, double deviation) {
  parameter("weight", weight, {in, out}, options, Init::normal(deviation), true);
  parameter("bias", bias, {out}, options, Init::zeros(), false);
}
at::Tensor Conv1D::operator()(const at::Tensor& x) const { return at::addmm(bias, x, weight); }

Embedding::Embedding(std::int64_t rows, std::int64_t width, const at::TensorOptions& options, double deviation) {
  table("weight", weight, {rows, width}, options, Init::normal(deviation));
}
at::Tensor Embedding::operator()(const at::Tensor& index) const { return at::embedding(weight, index); }

LayerNorm::LayerNorm(std::int64_t width, double eps, const at::TensorOptions& options) : eps_(eps) {
  parameter("weight", weight, {width}, options, Init::ones(), false);
  parameter("bias", bias, {width}, options, Init::zeros(), false);
}
at::Tensor LayerNorm::operator()(const at::Tensor& x) const { return residual_norm({}, x, spec()).normed; }

RMSNorm::RMSNorm(std::int64_t width, double eps, const at::TensorOptions& options) : eps_(eps) {
  parameter("weight", weight, {width}, options, Init::ones(), false);
}
at::Tensor RMSNorm::operator()(const at::Tensor& x) const { return residual_norm({}, x, spec()).normed; }

Conv2d::Conv2d(std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options,
               double deviation)
    : shape_(shape) {
  parameter("weight", weight, {out, in / shape.groups, shape.kernel.height, shape.kernel.width}, options,
            Init::normal(deviation), true);
  if (shape.bias) parameter("bias", bias, {out}, options, Init::zeros(), false);
}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  const auto [kh, kw] = shape_.kernel;
  const std::int64_t n = x.size(0), channels = x.size(1), height = x.size(2), width = x.size(3);
  const bool tiles = shape_.kernel == shape_.stride && shape_.padding == Extent{0, 0} && shape_.groups == 1 &&
                     height % kh == 0 && width % kw == 0;
  if (!tiles) {
    const auto pair = [](const Extent& extent) { return std::array{extent.height, extent.width}; };
    const std::array stride = pair(shape_.stride), padding = pair(shape_.padding), dilation = pair({1, 1});
    return at::conv2d(x, weight, bias.defined() ? std::optional(bias) : std::nullopt, stride, padding, dilation,
                      shape_.groups);
  }
  const std::int64_t rows = height / kh, columns = width / kw, out = weight.size(0);
  const at::Tensor patches = x.reshape({n, channels, rows, kh, columns, kw})
                                 .permute({0, 2, 4, 1, 3, 5})
                                 .reshape({n * rows * columns, channels * kh * kw});  // [N·h·w, C·kh·kw]
  const at::Tensor flat = weight.view({out, channels * kh * kw});
  const at::Tensor y = bias.defined() ? at::linear(patches, flat, bias) : at::linear(patches, flat);
  return y.view({n, rows, columns, out}).permute({0, 3, 1, 2});
}

}  // namespace welt::nn
