// Linear layers with ternary weights and 8-bit activations (BitNet b1.58, Ma et al. 2024, arXiv:2402.17764, as in the
// MatMul-free language model, Zhu et al. 2024, arXiv:2406.02528).
//
//   y = x / √(mean x² + eps) ⊙ gain        of each token
//   q = round(127 y / peak),               peak = max(max |y|, 1e-5) of each token
//   t = clamp(round(W / mean), −1, 1),     mean = max(mean |W|, 1e-5) of the matrix
//   out = q tᵀ · mean · peak / 127,        q tᵀ in whole numbers
//
// Gradients pass both roundings straight through, and peak and mean count as constants. Without gradients the product
// is one of additions over weights packed in 2 bits (sdk/nn/ternary_kernel.h), on the CPU; the numbers are the same.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "welt/nn/layers.h"

namespace welt::nn {

// The gain of a layer's own norm, under the name `norm.weight`.
class BitNorm : public Module {
 public:
  BitNorm(std::int64_t width, const at::TensorOptions& options);
  Tensor weight;  // [in]
};

// Which tensor it was, and how often it had been written to. Keeps nothing: a head's matrix is lent for a call.
class TensorVersion {
 public:
  bool is(const at::Tensor& tensor) const;  // that one, as it was
  void take(const at::Tensor& tensor);
  void reset() { alive_.reset(); }

 private:
  const c10::TensorImpl* tensor_ = nullptr;
  std::optional<c10::weak_intrusive_ptr<c10::TensorImpl>> alive_;
  std::uint32_t version_ = 0;
};

// Weights in 2 bits, made of a matrix when it is first asked for and kept until the matrix is another or has changed.
class PackedWeights {
 public:
  struct Packed {
    at::Tensor codes;  // U8 [out, bytes]
    double mean;
  };
  const Packed& of(const at::Tensor& weight);
  void drop() { packed_.codes.reset(), source_.reset(); }

 private:
  Packed packed_;
  TensorVersion source_;
};

// The product with a float matrix that is somebody else's, as a head's: x [.., in], gain [in], weight [out, in] →
// [.., out]. `packed` is kept with the layer; `keep`: more calls without gradients will follow before the matrix
// changes.
at::Tensor bit_linear(const at::Tensor& x, const at::Tensor& gain, const at::Tensor& weight, double eps,
                      PackedWeights& packed, bool keep);

class BitLinear : public Module {
 public:
  static constexpr double eps = 1e-6;

  enum class Weights {
    trained,  // `weight` [out, in], a parameter
    packed,   // buffers `weight_packed` U8 [out, bytes] and `weight_mean` [1]: 2 bits a weight, and no training of them
  };
  // `name`: what messages call it.
  BitLinear(std::int64_t in, std::int64_t out, Weights kind, const at::TensorOptions& options, const Init& init,
            std::string name);
  at::Tensor operator()(const at::Tensor& x) const;  // [.., in] → [.., out]
  Tensor weight, weight_packed, weight_mean;

 private:
  void check_codes() const;  // throws Failure naming the layer where packed weights hold what is none

  std::int64_t in_;
  std::string name_;
  BitNorm norm_;
  mutable PackedWeights kept_;
  mutable TensorVersion checked_;
};

}  // namespace welt::nn
