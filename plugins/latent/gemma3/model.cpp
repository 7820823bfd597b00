// The mathematics of Gemma 3. See model.h.
#include "model.h"

#include <cmath>

namespace welt::gemma3 {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  boolean("use_bidirectional_attention", false, "must be false: Gemma 3 is causal here")
      .only(false, "Gemma 3 is a causal model here");
  // The class keeps the first and never uses it; it writes the second beside layer_types, and never reads it.
  irrelevant({"attn_logit_softcapping", "_sliding_window_pattern"});
}

Attention::Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : s_(s),
      layer_(layer),
      sliding_(s.sliding[static_cast<std::size_t>(layer)]),
      q_(s.width, s.heads * s.head_width, s.attention_bias, options, s.deviation),
      k_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.deviation),
      v_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.deviation),
      o_(s.heads * s.head_width, s.width, s.attention_bias, options, s.deviation),
      q_norm_(s.head_width, s.eps, options),
      k_norm_(s.head_width, s.eps, options) {
  children({{"q_proj", q_}, {"k_proj", k_}, {"v_proj", v_}, {"o_proj", o_}, {"q_norm", q_norm_}, {"k_norm", k_norm_}});
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared) const {
  const at::Tensor q = q_norm_(q_(x).view({x.size(0), s_.heads, s_.head_width}));     // [tokens, H, d]
  const at::Tensor k = k_norm_(k_(x).view({x.size(0), s_.kv_heads, s_.head_width}));  // [tokens, Hkv, d]
  const at::Tensor v = v_(x).view({x.size(0), s_.kv_heads, s_.head_width});           // [tokens, Hkv, d]
  const nn::AttentionOptions options{.scale = 1 / std::sqrt(s_.query_scalar),
                                     .window = s_.windows[static_cast<std::size_t>(layer_)],
                                     .dropout = shared.dropout,
                                     .rotary = sliding_ ? &shared.sliding : &shared.full,
                                     .layer = layer_};
  return o_(nn::row_attention(q, k, v, shared.plan, options));  // [tokens, H·d] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : attention_(s, options, layer),
      mlp_(s.width, s.inner, s.activation, /*with_bias=*/false, options, s.deviation),
      input_norm_(s.width, s.eps, options),
      behind_attention_(s.width, s.eps, options),
      before_mlp_(s.width, s.eps, options),
      behind_mlp_(s.width, s.eps, options) {
  children({{"self_attn", attention_}, {"mlp", mlp_}});
  children({{"input_layernorm", input_norm_}, {"post_attention_layernorm", behind_attention_}});
  children({{"pre_feedforward_layernorm", before_mlp_}, {"post_feedforward_layernorm", behind_mlp_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return behind_attention_(attention_(x, shared)); };
  const auto mlp = [&](const at::Tensor& x) { return behind_mlp_(mlp_(x)); };
  return nn::pre_norm_block(in, shared.plan, layer, input_norm_, attention, before_mlp_, mlp);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      full_(s_.rotary.full),
      sliding_(s_.rotary.sliding),
      blocks_(s_.layers, s_, options),
      norm_(s_.width, s_.eps, options) {
  const std::string prefix = s_.architecture == "Gemma3TextModel" ? "" : "model.";
  child(prefix + "layers", blocks_);
  child(prefix + "norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const auto table = [&](const nn::Rotary& rotary) {
    return rotary.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  };
  Shared shared{plan, table(full_), table(sliding_), active(s_.dropout)};
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {embeds, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  const bool bare = s_.architecture == "Gemma3TextModel";
  return {.base_prefix = "model",
          .table_name = bare ? "embed_tokens.weight" : "model.embed_tokens.weight",
          .head_name = bare ? "" : "lm_head.weight",
          .width = s_.width,
          .vocab_size = s_.vocab_size,
          .scale = std::sqrt(static_cast<double>(s_.width)),
          .logit_softcap = s_.logit_softcap,
          .tied = s_.tied,
          .padding_row = s_.padding,
          .initializer_range = s_.deviation};
}

}  // namespace welt::gemma3
