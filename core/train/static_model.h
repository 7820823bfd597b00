// A static embedding while it is trained: a table of token vectors, a weight for each token, and a projection.
//
// The vector of a text is the mean over its tokens t of  P (gelu(w_t) · e_t) + b; a mean and a projection may change
// places, so that P is applied once to a text. The finished table is that of every token, so that weights and
// projection are gone. As WordLlama's WeightedProjector and AvgPool.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "core/model/welt_model.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// Texts as ids, one behind the other.
struct TokenTexts {
  std::vector<std::int64_t> ids;     // [N] of all texts
  std::vector<std::int64_t> text;    // [N] the text that each id is of, 0 …
  std::vector<std::int64_t> counts;  // [texts] tokens, 1 or more
  void add(std::span<const std::int32_t> tokens);
};

// [one thread]
class StaticModel {
 public:
  // `codebook` [V,C] in the type to train in; the projection to `dim` columns is drawn from LibTorch's default
  // generator as nn.Linear draws it, weights are 1. `train_codebook`: the table learns, too.
  StaticModel(const at::Tensor& codebook, std::int64_t dim, bool train_codebook);

  at::Tensor forward(const TokenTexts& texts) const;  // [texts, dim] float32, of a float64 table float64
  at::Tensor table() const;                           // [V, dim] float32: of every token, without gradient
  // What learns: token_weights [V], projection.weight [dim,C], projection.bias [dim] and, where it does,
  // embedding.weight [V,C].
  std::vector<ModelParameter> parameters() const;
  // What a checkpoint keeps of them.
  std::vector<NamedTensor> tensors() const;
  // Takes values of a checkpoint's model.safetensors. Throws Error (data_loss) for one that is missing, of another
  // shape or type, or not finite.
  void load(const std::filesystem::path& file);

  const at::Tensor& codebook() const { return codebook_; }
  const at::Tensor& weights() const { return weights_; }
  const at::Tensor& projection() const { return projection_; }
  const at::Tensor& bias() const { return bias_; }

 private:
  at::Tensor codebook_, weights_, projection_, bias_;
};

}  // namespace welt
