// See model.h.
#include "model.h"

#include <string>

namespace my_plugin_model {

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_norm_(s.width, s.norm_eps, options),
      feed_norm_(s.width, s.norm_eps, options),
      heads_(s.heads),
      head_width_(s.head_width),
      query_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      key_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      value_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      out_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      activation_("gelu"),
      wide_(s.width, s.inner, /*with_bias=*/true, options, s.initializer_range),
      narrow_(s.inner, s.width, /*with_bias=*/true, options, s.initializer_range) {
  children({{"attention_norm", attention_norm_}, {"feed_norm", feed_norm_}});  // the names that a checkpoint has
  children({{"attention.query", query_}, {"attention.key", key_}, {"attention.value", value_}});
  children({{"attention.out", out_}, {"feed.wide", wide_}, {"feed.narrow", narrow_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return attend(x, shared, layer); };
  const auto mlp = [&](const at::Tensor& x) { return feed(x); };
  return nn::pre_norm_block(in, shared.plan, layer, attention_norm_, attention, feed_norm_, mlp);
}

at::Tensor Block::attend(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  const std::int64_t tokens = x.size(0);
  const at::Tensor q = query_(x).view({tokens, heads_, head_width_});  // [tokens, H, d]
  const at::Tensor k = key_(x).view({tokens, heads_, head_width_});    // [tokens, H, d]
  const at::Tensor v = value_(x).view({tokens, heads_, head_width_});  // [tokens, H, d]
  const auto number = static_cast<std::int64_t>(layer);
  return out_(nn::row_attention(q, k, v, shared.plan, {.rotary = &shared.rotary, .layer = number}));
}

at::Tensor Block::feed(const at::Tensor& x) const {
  return narrow_(activation_(wide_(x)));  // D → I → D
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      rotary_({.head_dim = settings_.head_width, .theta = settings_.rope_theta}),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  children({{"layers", blocks_}, {"norm", norm_}});
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, rotary_.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds))};
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {embeds, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

// The host owns token table and head; these are the names they have in a checkpoint of the whole class.
nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = "embed_tokens.weight",
          .head_name = "lm_head.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {.layers = settings_.layers,
          .kv_heads = settings_.heads,
          .key_width = settings_.head_width,
          .value_width = settings_.head_width};
}

}  // namespace my_plugin_model
