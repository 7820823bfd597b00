// The block that most transformers are made of: both of its parts read the sum so far through a norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

#include "welt/nn/blocks.h"
#include "welt/nn/checkpoint.h"

namespace welt::nn {

// x + attention(norm(x)), and that + mlp(norm(that)), the last sum left to what comes behind. Every value is traced
// under the name that it has in all models. Norms: LayerNorm or a kind of RMSNorm; parts: [tokens, D] → [tokens, D].
// `before`: x, and what attention reads. `first_only`: once attention is done, the block goes on with the first token
// of each row alone, [N, D] in the caller's order.
template <typename Norm, typename Attention, typename Mlp>
Stream pre_norm_block(const Residual& before, const RowPlan& plan, std::size_t layer, const Attention& attention,
                      const Norm& post_attention_norm, const Mlp& mlp, bool first_only = false) {
  plan.trace_hidden(layer, before.sum);
  plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = attention(before.normed);  // [tokens, D]
  plan.trace_part(layer, "attention", attended);
  if (first_only) {
    const Residual first =
        residual_norm(plan.first_tokens(attended), plan.first_tokens(before.sum), post_attention_norm.spec(), true);
    return {first.sum, mlp(first.normed)};
  }
  const Residual between = residual_norm(attended, before.sum, post_attention_norm.spec(), true);
  plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp(between.normed);  // [tokens, D]
  plan.trace_part(layer, "mlp", fed);
  return {between.sum, fed};
}

template <typename Norm, typename Attention, typename Mlp>
Stream pre_norm_block(const Stream& in, const RowPlan& plan, std::size_t layer, const Norm& input_norm,
                      const Attention& attention, const Norm& post_attention_norm, const Mlp& mlp,
                      bool first_only = false) {
  return pre_norm_block(residual_norm(in.branch, in.x, input_norm.spec(), true), plan, layer, attention, post_attention_norm,
                        mlp, first_only);
}

}  // namespace welt::nn
