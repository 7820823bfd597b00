// See model.h.
#include "model.h"

#include <string>

namespace my_plugin_model {

sdk::Schema Settings::schema() {
  return {sdk::integer("vocab_size", 256, "rows of the token table; the host sets it").range(0, 1 << 30),
          sdk::integer("hidden_size", 128, "width D").range(1, 1 << 20),
          sdk::integer("intermediate_size", 256, "inner width of the feed-forward part").range(1, 1 << 22),
          sdk::integer("num_hidden_layers", 2, "blocks").range(0, 10000),
          sdk::integer("num_attention_heads", 2, "heads; hidden_size is an even multiple of them").range(1, 1 << 16),
          sdk::number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1),
          sdk::number("rope_theta", 10000.0, "base of the rotary frequencies").range(1, 1e12),
          sdk::number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100),
          sdk::boolean("tie_word_embeddings", true, "the head is the token table")};
}

Settings Settings::from(const sdk::Config& config) {
  const Settings s{.width = config.get_int("hidden_size"),
                   .inner = config.get_int("intermediate_size"),
                   .layers = config.get_int("num_hidden_layers"),
                   .heads = config.get_int("num_attention_heads"),
                   .vocab_size = config.get_int("vocab_size"),
                   .norm_eps = config.get_double("layer_norm_eps"),
                   .rope_theta = config.get_double("rope_theta"),
                   .initializer_range = config.get_double("initializer_range"),
                   .tied = config.get_bool("tie_word_embeddings")};
  if (s.width % (2 * s.heads) != 0) {
    throw sdk::invalid("num_attention_heads is " + std::to_string(s.heads) + " for a hidden_size of " +
                           std::to_string(s.width) + "; expected heads of an even width each",
                       "num_attention_heads");
  }
  return s;
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_norm(s.width, s.norm_eps, options),
      feed_norm(s.width, s.norm_eps, options),
      heads_(s.heads),
      head_width_(s.head_width()),
      query_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      key_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      value_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      out_(s.width, s.width, /*with_bias=*/false, options, s.initializer_range),
      activation_("gelu"),
      wide_(s.width, s.inner, /*with_bias=*/true, options, s.initializer_range),
      narrow_(s.inner, s.width, /*with_bias=*/true, options, s.initializer_range) {
  child("attention_norm", attention_norm);  // the names that a checkpoint has
  child("attention.query", query_);
  child("attention.key", key_);
  child("attention.value", value_);
  child("attention.out", out_);
  child("feed_norm", feed_norm);
  child("feed.wide", wide_);
  child("feed.narrow", narrow_);
}

at::Tensor Block::attend(const at::Tensor& x, const nn::RowPlan& plan, const nn::RotaryTable& rotary,
                         std::int64_t layer) const {
  const std::int64_t tokens = x.size(0);
  const at::Tensor q = query_(x).view({tokens, heads_, head_width_});  // [tokens, H, d]
  const at::Tensor k = key_(x).view({tokens, heads_, head_width_});    // [tokens, H, d]
  const at::Tensor v = value_(x).view({tokens, heads_, head_width_});  // [tokens, H, d]
  return out_(nn::row_attention(q, k, v, plan, {.rotary = &rotary, .layer = layer}));
}

at::Tensor Block::feed(const at::Tensor& x) const {
  return narrow_(activation_(wide_(x)));  // D → I → D
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(Settings::from(config)),
      rotary_({.head_dim = settings_.head_width(), .theta = settings_.rope_theta}),
      norm_(settings_.width, settings_.norm_eps, options) {
  for (std::int64_t i = 0; i < settings_.layers; ++i) {
    blocks_.push_back(std::make_unique<Block>(settings_, options));
    child("layers." + std::to_string(i), *blocks_.back());
  }
  child("norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const nn::RotaryTable rotary = rotary_.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  at::Tensor x = embeds;  // [tokens, D]
  at::Tensor branch;      // what the last branch adds to it
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = *blocks_[i];
    const nn::Residual before = nn::residual_norm(branch, x, block.attention_norm.spec());
    plan.trace("hidden_states." + std::to_string(i), before.sum);
    const at::Tensor attended = block.attend(before.normed, plan, rotary, static_cast<std::int64_t>(i));
    const nn::Residual between = nn::residual_norm(attended, before.sum, block.feed_norm.spec());
    branch = block.feed(between.normed);
    x = between.sum;
  }
  const at::Tensor hidden = nn::residual_norm(branch, x, norm_.spec()).normed;  // [tokens, D]
  plan.trace("hidden_states." + std::to_string(blocks_.size()), hidden);
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
          .key_width = settings_.head_width(),
          .value_width = settings_.head_width()};
}

}  // namespace my_plugin_model
