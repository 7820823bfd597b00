// What a FastViT is built of, as timm's models/fastvit.py computes it; names are timm's.
//
// Letters: N images, h × w positions, D width of a map, I inner width, H heads of 32.
#pragma once

#include <welt/nn/layers.h>

#include <optional>

#include "settings.h"

namespace welt::fastvit {

constexpr double norm_eps = 1e-5;  // of every norm

// timm's padding, of an odd kernel: strides 1 and 2 give maps of size ⌈h/s⌉, larger ones up to one more.
nn::Conv2d::Shape convolution(std::int64_t kernel, std::int64_t stride, std::int64_t groups, bool bias);
// How torch starts the weights and biases of a convolution with `fan_in` values in a sum.
nn::Init convolution_start(std::int64_t fan_in);

// A convolution without bias, and its batch norm.
class ConvNorm : public nn::Module {
 public:
  ConvNorm(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups,
           const at::TensorOptions& options, std::optional<nn::Init> start = std::nullopt);
  at::Tensor operator()(const at::Tensor& x) const { return bn_(conv_(x)); }

 private:
  nn::Conv2d conv_;
  nn::BatchNorm2d bn_;
};

// Channels are weighed by what they hold on average (Hu et al. 2017, arXiv:1709.01507).
class SqueezeExcite : public nn::Module {
 public:
  SqueezeExcite(std::int64_t width, std::int64_t inner, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  nn::Conv2d fc1_, fc2_;
};

// A convolution of several branches that are added (MobileOne, arXiv:2206.04040): k × k, 1 × 1, and x itself, each with
// a batch norm; or, merged, one convolution with bias.
class MobileOne : public nn::Module {
 public:
  struct Shape {
    std::int64_t in, out, kernel, stride = 1, groups = 1;
    bool merged = false, excited = false, activation = true, convolves = true, scales = true;
  };
  MobileOne(const Shape& shape, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  Shape shape_;
  std::optional<SqueezeExcite> se_;
  std::optional<nn::Conv2d> merged_;
  std::optional<nn::BatchNorm2d> identity_;
  std::optional<ConvNorm> convolution_, scale_;
};

// Where a stage halves the map: a large and a small convolution of each channel, then one of single positions.
class Downsample : public nn::Module {
 public:
  Downsample(const StageShape& stage, const Arguments& arguments, bool activation, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;  // [N, in, h, w] → [N, D, ⌈h/2⌉, ⌈w/2⌉]

 private:
  bool activation_;
  std::optional<nn::Conv2d> merged_;
  std::optional<ConvNorm> large_, small_;
  std::optional<SqueezeExcite> se_;
  MobileOne mixing_;
};

// Positions by a convolution around each (Chu et al. 2021, arXiv:2102.10882).
class Positions : public nn::Module {
 public:
  Positions(std::int64_t width, bool merged, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  bool merged_;
  nn::Conv2d around_;
};

// A factor of each channel.
class LayerScale : public nn::Module {
 public:
  LayerScale(std::int64_t width, double start, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  nn::Tensor gamma_;  // [D, 1, 1]
};

// Mixes positions by a convolution of each channel: x + scale(mixer(x) − norm(x)).
class RepMixer : public nn::Module {
 public:
  RepMixer(std::int64_t width, const Arguments& arguments, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::optional<nn::Conv2d> merged_;
  std::optional<MobileOne> norm_, mixer_;
  std::optional<LayerScale> scale_;
};

// Attention over all positions of a map.
class Attention : public nn::Module {
 public:
  Attention(std::int64_t width, const at::TensorOptions& options, double deviation);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::int64_t heads_;
  nn::Linear qkv_, proj_;
};

// The feed-forward part: a 7 × 7 convolution of each channel, then D → I → D at each position.
class ConvMlp : public nn::Module {
 public:
  ConvMlp(std::int64_t width, std::int64_t inner, double dropout, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  double dropout_;
  ConvNorm conv_;
  nn::Conv2d fc1_, fc2_;
};

}  // namespace welt::fastvit
