// The mathematics of GPT-NeoX. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/unbind.h>

#include <vector>

namespace welt::gpt_neox {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  // GPTNeoXConfig overwrites these two with rotary_pct and rotary_emb_base.
  number("partial_rotary_factor", 0.25, "not read, as in transformers: rotary_pct counts")
      .nullable()
      .optional()
      .unread();
  number("rope_theta", 10000.0, "not read, as in transformers: rotary_emb_base counts").nullable().optional().unread();
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

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::int64_t layer) const {
  // Head by head: its query, key and value.
  const at::Tensor fused = query_key_value_(x).view({x.size(0), heads_, 3, head_width_});  // [tokens, H, 3, d]
  const std::vector<at::Tensor> qkv = at::unbind(fused, 2);                                // [tokens, H, d] each
  const nn::AttentionOptions options{
      .dropout = shared.attention_dropout, .rotary = shared.rotary ? &*shared.rotary : nullptr, .layer = layer};
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
  return nn::dropout(out_(activation_(inner_(x))), shared.hidden_dropout);  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : input_norm(s.width, s.norm_eps, options),
      post_norm(s.width, s.norm_eps, options),
      attention(s, options),
      mlp(s, options) {
  child("input_layernorm", input_norm);
  child("post_attention_layernorm", post_norm);
  child("attention", attention);
  child("mlp", mlp);
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
  at::Tensor residual = nn::dropout(embeds, shared.hidden_dropout);  // [tokens, D]
  at::Tensor branch;                                                 // what the last part adds to it
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const nn::Residual input = nn::residual_norm(branch, residual, block.input_norm.spec());
    plan.trace("hidden_states." + std::to_string(i), input.sum);
    const at::Tensor attended =
        nn::dropout(block.attention(input.normed, shared, static_cast<std::int64_t>(i)), shared.hidden_dropout);
    if (settings_.parallel) {  // x + attention(norm(x)) + mlp(norm(x)), each with its own norm
      residual = input.sum;
      branch = block.mlp(block.post_norm(input.sum), shared) + attended;
    } else {
      const nn::Residual middle = nn::residual_norm(attended, input.sum, block.post_norm.spec());
      residual = middle.sum;
      branch = block.mlp(middle.normed, shared);
    }
  }
  const at::Tensor hidden = nn::residual_norm(branch, residual, norm_.spec()).normed;  // [tokens, D]
  plan.trace("hidden_states." + std::to_string(blocks_.size()), hidden);
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
