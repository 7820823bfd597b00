// What BERT and its kin are made of: a norm behind each part, token types, and the transform before a masked-LM head.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "welt/nn/blocks.h"
#include "welt/nn/checkpoint.h"

namespace welt::nn {

// norm(x + attention(x)), and norm of that + mlp(that); dropout is the parts' own. Every value but the result is
// traced under the name that it has in all models. Parts: [tokens, D] → [tokens, D].
template <typename Attention, typename Mlp>
at::Tensor post_norm_block(const at::Tensor& x, const RowPlan& plan, std::size_t layer, const Attention& attention,
                           const LayerNorm& attention_norm, const Mlp& mlp, const LayerNorm& out_norm) {
  const at::Tensor attended = attention(x);  // [tokens, D]
  plan.trace_part(layer, "attention", attended);
  const at::Tensor middle = residual_norm(attended, x, attention_norm.spec()).normed;  // [tokens, D]
  plan.trace_part(layer, "attention_norm", middle);
  const at::Tensor fed = mlp(middle);  // [tokens, D]
  plan.trace_part(layer, "mlp", fed);
  return residual_norm(fed, middle, out_norm.spec()).normed;
}

// What `types` adds to each token: the row of its type, that of type 0 where none were given; [tokens, E], or [E] for
// all. Throws Failure for a type that the table lacks.
at::Tensor token_type_rows(const Embedding& types, const RowPlan& plan);

struct MaskedLMNames {
  std::string dense = "dense", norm = "LayerNorm";
};

// norm(act(dense(x))): what stands before the head of a masked LM.   hidden [.., D] → [.., E]
class MaskedLMTransform : public Module {
 public:
  MaskedLMTransform(std::int64_t in, std::int64_t out, std::string_view activation, double eps,
                    const at::TensorOptions& options, const Init& init, const MaskedLMNames& names = {});
  at::Tensor operator()(const at::Tensor& hidden) const { return norm_(activation_(dense_(hidden))); }

 private:
  Activation activation_;
  Linear dense_;
  LayerNorm norm_;
};

}  // namespace welt::nn
