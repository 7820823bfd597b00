// The usual layers. Parameters have the names and layouts of torch.nn, or of the transformers class that is named.
//
// `init` says how weights start; a number is the deviation of a normal distribution (init.h). Biases start as 0.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "welt/nn/activation.h"
#include "welt/nn/module.h"

namespace welt::nn {

// y = x Wᵀ + b: the product that Linear makes, with any tensor as weight.   x [.., in], weight [out, in], bias [out] or
// undefined → [.., out]
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

// y = x Wᵀ + b.   weight [out, in], bias [out] or undefined
class Linear : public Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool with_bias, const at::TensorOptions& options, Init init,
         Init bias_init = Init::zeros());
  at::Tensor operator()(const at::Tensor& x) const;
  Tensor weight, bias;
};

// transformers' Conv1D, which GPT-2 keeps its matrices in: y = x W + b.   weight [in, out], bias [out]
class Conv1D : public Module {
 public:
  Conv1D(std::int64_t in, std::int64_t out, const at::TensorOptions& options, Init init);
  at::Tensor operator()(const at::Tensor& x) const;  // [tokens, in] → [tokens, out]
  Tensor weight, bias;
};

// Rows of a table.   weight [rows, width]
class Embedding : public Module {
 public:
  Embedding(std::int64_t rows, std::int64_t width, const at::TensorOptions& options, Init init);
  at::Tensor operator()(const at::Tensor& index) const;
  Tensor weight;
};

// transformers' LlamaMLP: down(act(gate(x)) · up(x)), under the names gate_proj, up_proj, down_proj.
class GatedMLP : public Module {
 public:
  GatedMLP(std::int64_t width, std::int64_t inner, std::string_view activation, bool with_bias,
           const at::TensorOptions& options, Init init);
  at::Tensor operator()(const at::Tensor& x) const;  // [.., D] → [.., I] → [.., D]

 private:
  Activation activation_;
  Linear gate_, up_, down_;
};

// What residual_norm() needs of a norm.
struct NormSpec {
  enum class Kind { layer, rms, offset_rms } kind;
  const at::Tensor& weight;  // [D]
  const at::Tensor& bias;    // [D]; undefined for rms, and for layer where there is none
  double eps;
};

class LayerNorm : public Module {
 public:
  LayerNorm(std::int64_t width, double eps, const at::TensorOptions& options, bool with_bias = true);
  at::Tensor operator()(const at::Tensor& x) const;
  NormSpec spec() const { return {NormSpec::Kind::layer, weight, bias, eps_}; }
  Tensor weight, bias;  // [D], bias or undefined

 private:
  double eps_;
};

// transformers' LlamaRMSNorm: reduced precision is computed in float32, and the weight multiplies after the cast back.
class RMSNorm : public Module {
 public:
  RMSNorm(std::int64_t width, double eps, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;
  NormSpec spec() const { return {NormSpec::Kind::rms, weight, none_, eps_}; }
  Tensor weight;

 private:
  at::Tensor none_;
  double eps_;
};

// transformers' Gemma3RMSNorm: 1 + weight multiplies, and before the cast back. Weights start as 0.
class OffsetRMSNorm : public Module {
 public:
  OffsetRMSNorm(std::int64_t width, double eps, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;
  NormSpec spec() const { return {NormSpec::Kind::offset_rms, weight, none_, eps_}; }
  Tensor weight;

 private:
  at::Tensor none_;
  double eps_;
};

// torch.nn.BatchNorm2d. While training, each channel is normalised by the batch's own mean and variance, which also
// move the running ones; in evaluation by the running ones. One value per channel has no variance, where torch throws:
// it is normalised by the running statistics, which it leaves.   x [N, D, h, w] → the same
class BatchNorm2d : public Module {
 public:
  // `momentum`: the share of a batch in the running statistics; none: they are the mean over all batches.
  BatchNorm2d(std::int64_t channels, double eps, const at::TensorOptions& options, std::optional<double> momentum = 0.1,
              Init weight_init = Init::ones());
  at::Tensor operator()(const at::Tensor& x) const;
  Tensor weight, bias;               // [D]
  Tensor running_mean, running_var;  // [D] buffers
  Tensor num_batches_tracked;        // I64 [] buffer

 private:
  double eps_;
  std::optional<double> momentum_;
};

// Height and width of an image, a kernel, a stride or a grid of patches.
struct Extent {
  std::int64_t height, width;
  auto operator<=>(const Extent&) const = default;
};

// Cross-correlation of images.   weight [out, in / groups, kh, kw], bias [out] or undefined
class Conv2d : public Module {
 public:
  struct Shape {
    Extent kernel, stride = {1, 1}, padding = {0, 0};
    std::int64_t groups = 1;
    bool bias = true;
    Extent dilation = {1, 1};
  };
  Conv2d(std::int64_t in, std::int64_t out, const Shape& shape, const at::TensorOptions& options, Init init,
         Init bias_init = Init::zeros());
  // x [N, in, Hpx, Wpx] → [N, out, h, w]. Where the kernel tiles the image (kernel = stride, nothing left over), this
  // is one matrix product over flattened patches, and the result's memory is [N, h, w, out]: tokens without a copy.
  at::Tensor operator()(const at::Tensor& x) const;
  Tensor weight, bias;

 private:
  Shape shape_;
};

}  // namespace welt::nn
