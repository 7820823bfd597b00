// The block of OLMo 2. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>

namespace welt::olmo2 {

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_(s, options),
      mlp_(s.width, s.inner, s.activation, s.mlp_bias, options, s.deviation),
      attention_norm_(s.width, s.norm_eps, options),
      mlp_norm_(s.width, s.norm_eps, options) {
  children({{"self_attn", attention_}, {"mlp", mlp_}});
  children({{"post_attention_layernorm", attention_norm_}, {"post_feedforward_layernorm", mlp_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const nn::CausalShared& shared, std::size_t layer) const {
  const nn::RowPlan& plan = shared.plan;
  const at::Tensor x = in.branch.defined() ? in.branch + in.x : in.x;  // [tokens, D]
  plan.trace_hidden(layer, x);
  const at::Tensor attended = attention_(x, shared, layer);
  plan.trace_part(layer, "attention", attended);
  const at::Tensor attention_branch = attention_norm_(attended);
  plan.trace_part(layer, "attention_norm", attention_branch);
  const at::Tensor between = x + attention_branch;
  const at::Tensor fed = mlp_(between);
  plan.trace_part(layer, "mlp", fed);
  const at::Tensor mlp_branch = mlp_norm_(fed);
  plan.trace_part(layer, "mlp_norm", mlp_branch);
  return {between, mlp_branch};
}

}  // namespace welt::olmo2
