// See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

namespace my_plugin_model {

// States of n rows, C tokens at a time: what values have decayed to at later tokens, and what the chunk before has
// left. log a [n, T, H], values (1 − a) v [n, T, H, d], starts [n, T], first state [n, H, d] → [n, T, H, d]
static at::Tensor scan(const at::Tensor& gates, const at::Tensor& values, const at::Tensor& starts, at::Tensor state) {
  std::vector<at::Tensor> all;
  for (std::int64_t from = 0, length = 0; from < gates.size(1); from += length) {
    length = std::min<std::int64_t>(64, gates.size(1) - from);         // C
    const at::Tensor part = starts.narrow(1, from, length).cumsum(1);  // [n, C] counts up at each start
    const at::Tensor sum = gates.narrow(1, from, length).cumsum(1);    // [n, C, H] decay from before the chunk
    const at::Tensor apart = (part.unsqueeze(2) == part.unsqueeze(1)).tril().logical_not();  // [n, C, C]
    const at::Tensor decay = (sum.unsqueeze(2) - sum.unsqueeze(1)).masked_fill(apart.unsqueeze(-1), -1e30).exp();
    const at::Tensor carried = sum.masked_fill((part > 0).unsqueeze(-1), -1e30).exp();  // [n, C, H]
    all.push_back(at::einsum("ntsh,nshd->nthd", {decay, values.narrow(1, from, length)}) +
                  carried.unsqueeze(-1) * state.unsqueeze(1));
    state = all.back().select(1, length - 1);
  }
  return at::cat(all, 1);
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      norm_(s.width, /*eps=*/1e-5, options),
      in_(s.width, 2 * s.width + s.heads, /*with_bias=*/true, options, s.initializer_range),
      out_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range) {
  children({{"norm", norm_}, {"in", in_}, {"out", out_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, norm_.spec());
  shared.plan.trace_hidden(layer, before.sum);
  const auto parts = in_(before.normed).split_with_sizes({in.x.size(1), in.x.size(1), heads_}, 1);  // v, its gate, a
  const at::ScalarType type = before.sum.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor gates = at::log_sigmoid(parts[2]).to(type) / 16, values = parts[0].to(type);  // [tokens, H], [tokens, D]
  if (const at::Tensor valid = shared.plan.valid(); valid.defined()) {  // at padding all is kept, and nothing comes in
    const at::Tensor hidden = valid.logical_not().unsqueeze(1);
    gates = gates.masked_fill(hidden, 0), values = values.masked_fill(hidden, 0);
  }
  values = values.unflatten(1, {heads_, -1}) * -gates.expm1().unsqueeze(-1);  // [tokens, H, d]: (1 − a) v
  std::vector<at::Tensor> states{values.narrow(0, 0, 0)};                     // a call may have no tokens
  nn::Cache* cache = shared.plan.cache();
  for (const nn::RowGroup& group : shared.plan.groups()) {
    const auto rows = [&](const at::Tensor& one) {
      return one.narrow(0, group.first_token, group.rows * group.length).unflatten(0, {group.rows, group.length});
    };
    const at::Tensor state = cache ? cache->read(layer, group.index, values.options())
                                   : at::zeros({group.rows, heads_, values.size(2)}, values.options());
    const at::Tensor after = scan(rows(gates), rows(values), rows(shared.starts), state);  // [n, T, H, d]
    if (cache) cache->write(layer, group.index, after.slice(1, group.length - cache->kept(group.length)));
    states.push_back(after.flatten(0, 1));
  }
  return {before.sum, out_(at::cat(states).flatten(1).to(parts[1].scalar_type()) * at::silu(parts[1]))};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config), blocks_(settings_.layers, settings_, options), norm_(settings_.width, /*eps=*/1e-5, options) {
  children({{"layers", blocks_}, {"norm", norm_}});
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const nn::Stream out = nn::run_blocks(*this, blocks_, Shared{plan, plan.starts().to(at::kLong)}, {embeds, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {  // where a checkpoint of the whole class has token table and head
  nn::VocabularyFacts facts{"model", "embed_tokens.weight", "lm_head.weight"};
  facts.width = settings_.width, facts.vocab_size = settings_.vocab_size, facts.tied = true;
  facts.initializer_range = settings_.initializer_range;
  return facts;
}

nn::CacheLayout Model::cache_layout() const {  // a state a layer, for all tokens of a row
  const std::vector<std::int64_t> state{settings_.heads, settings_.head_width};
  return {.states = std::vector(static_cast<std::size_t>(settings_.layers), state)};
}

}  // namespace my_plugin_model
