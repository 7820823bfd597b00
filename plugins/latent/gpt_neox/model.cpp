// The mathematics of GPT-NeoX. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/unbind.h>

#include <vector>

namespace welt::gpt_neox {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  // GPTNeoXConfig overwrites these two with rotary_pct and rotary_emb_base.
  irrelevant({"partial_rotary_factor", "rope_theta"});
  if (rotary.width() > head_width) {
    throw sdk::invalid("rotary_pct asks for " + std::to_string(rotary.width()) + " turning dimensions; a head has " +
                           std::to_string(head_width) + " (an odd number is rounded up)",
                       "rotary_pct");
  }
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      head_width_(s.head_width),
      query_key_value_(s.width, 3 * s.width, s.attention_bias, options, s.initializer_range),
      dense_(s.width, s.width, s.attention_bias, options, s.initializer_range) {
  child("query_key_value", query_key_value_);
  child("dense", dense_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  // Head by head: its query, key and value.
  const at::Tensor fused = query_key_value_(x).view({x.size(0), heads_, 3, head_width_});  // [tokens, H, 3, d]
  const std::vector<at::Tensor> qkv = at::unbind(fused, 2);                                // [tokens, H, d] each
  const nn::AttentionOptions options{.dropout = shared.attention_dropout,
                                     .rotary = shared.rotary ? &*shared.rotary : nullptr,
                                     .layer = static_cast<std::int64_t>(layer)};
  return dense_(nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, options));  // [tokens, D]
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      inner_(s.width, s.inner, true, options, s.initializer_range),
      out_(s.inner, s.width, true, options, s.initializer_range) {
  child("dense_h_to_4h", inner_);
  child("dense_4h_to_h", out_);
}

at::Tensor FeedForward::operator()(const at::Tensor& x, const Shared& shared) const {
  return nn::dropout(out_(nn::activated(inner_, activation_, x)), shared.hidden_dropout);  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : parallel_(s.parallel),
      input_norm_(s.width, s.norm_eps, options),
      post_norm_(s.width, s.norm_eps, options),
      attention_(s, options),
      mlp_(s, options) {
  child("input_layernorm", input_norm_);
  child("post_attention_layernorm", post_norm_);
  child("attention", attention_);
  child("mlp", mlp_);
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, input_norm_.spec(), /*for_product=*/true);
  shared.plan.trace_hidden(layer, before.sum);
  shared.plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = nn::dropout(attention_(before.normed, shared, layer), shared.hidden_dropout);
  shared.plan.trace_part(layer, "attention", attended);
  // In parallel: x + attention(norm(x)) + mlp(norm(x)), each with its own norm.
  const nn::Residual between = parallel_ ? nn::residual_norm({}, before.sum, post_norm_.spec(), true)
                                         : nn::residual_norm(attended, before.sum, post_norm_.spec(), true);
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp_(between.normed, shared);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum, parallel_ ? fed + attended : fed};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  if (settings_.rotary.width() > 0) rotary_.emplace(settings_.rotary);
  const std::string prefix = settings_.bare() ? "" : "gpt_neox.";
  child(prefix + "layers", blocks_);
  child(prefix + "final_layer_norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, {}, active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  if (rotary_) shared.rotary = rotary_->table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  const at::Tensor x = nn::dropout(embeds, shared.hidden_dropout);  // [tokens, D]
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {x, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "gpt_neox",
          .table_name = settings_.bare() ? "embed_in.weight" : "gpt_neox.embed_in.weight",
          .head_name = settings_.bare() ? "" : "embed_out.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::gpt_neox
