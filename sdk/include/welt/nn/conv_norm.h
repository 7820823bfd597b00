// The layer that convolutional networks are made of: convolution, batch norm, activation.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

#include "welt/nn/activation.h"
#include "welt/nn/layers.h"

namespace welt::nn {

// activation(norm(convolution(x))): transformers' ResNetConvLayer and MobileViTConvLayer, under their names
// `convolution` (without bias) and `normalization`. Images keep their size where the stride is 1.
class ConvNorm : public Module {
 public:
  struct Shape {  // of a square, odd kernel
    std::int64_t kernel = 1, stride = 1, groups = 1, dilation = 1;
  };
  // `activation`: "linear" for none.
  ConvNorm(std::int64_t in, std::int64_t out, const Shape& shape, std::string_view activation,
           const at::TensorOptions& options, Init init, Init norm_init = Init::ones());
  at::Tensor operator()(const at::Tensor& x) const;  // [N, in, h, w] → [N, out, h / stride, w / stride], rounded up

 private:
  Conv2d convolution_;
  BatchNorm2d normalization_;
  Activation activation_;
};

}  // namespace welt::nn
