// The mathematics of Phi. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>

namespace welt::phi {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  if (qk_norm && head_width * heads != width)
    throw sdk::invalid("qk_layernorm norms hidden_size / num_attention_heads dimensions, a head has " +
                           std::to_string(head_width) + ": leave head_dim out, or qk_layernorm",
                       "qk_layernorm");
  if (rotary.dims() % 2 != 0 || rotary.width() > head_width)
    throw sdk::invalid("partial_rotary_factor asks for " + std::to_string(rotary.dims()) + " turning dimensions of " +
                           std::to_string(head_width) + "; an even number of them can turn",
                       "partial_rotary_factor");
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      kv_heads_(s.kv_heads),
      head_width_(s.head_width),
      q_(s.width, s.heads * s.head_width, true, options, s.deviation),
      k_(s.width, s.kv_heads * s.head_width, true, options, s.deviation),
      v_(s.width, s.kv_heads * s.head_width, true, options, s.deviation),
      out_(s.heads * s.head_width, s.width, true, options, s.deviation) {
  children({{"q_proj", q_}, {"k_proj", k_}, {"v_proj", v_}, {"dense", out_}});
  if (!s.qk_norm) return;
  child("q_layernorm", q_norm_.emplace(s.head_width, s.norm_eps, options));
  child("k_layernorm", k_norm_.emplace(s.head_width, s.norm_eps, options));
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  const std::int64_t tokens = x.size(0);
  at::Tensor q = q_(x).view({tokens, heads_, head_width_});           // [tokens, H, d]
  at::Tensor k = k_(x).view({tokens, kv_heads_, head_width_});        // [tokens, Hkv, d]
  const at::Tensor v = v_(x).view({tokens, kv_heads_, head_width_});  // [tokens, Hkv, d]
  if (q_norm_) q = (*q_norm_)(q), k = (*k_norm_)(k);
  const nn::AttentionOptions options{.dropout = shared.attention_dropout,
                                     .rotary = shared.rotary ? &*shared.rotary : nullptr,
                                     .layer = static_cast<std::int64_t>(layer)};
  return out_(nn::row_attention(q, k, v, shared.plan, options));  // [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : norm_(s.width, s.norm_eps, options),
      attention_(s, options),
      mlp_(s.width, s.inner, s.activation, {"fc1", "fc2"}, /*with_bias=*/true, options, s.deviation, s.deviation) {
  children({{"input_layernorm", norm_}, {"self_attn", attention_}, {"mlp", mlp_}});
}

// x + attention(norm(x)) + mlp(norm(x)), one norm for both.
nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, norm_.spec());
  shared.plan.trace_hidden(layer, before.sum);
  shared.plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = nn::dropout(attention_(before.normed, shared, layer), shared.residual_dropout);
  shared.plan.trace_part(layer, "attention", attended);
  const at::Tensor fed = nn::dropout(mlp_(before.normed), shared.residual_dropout);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {before.sum, attended + fed};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  if (settings_.rotary.width() > 0) rotary_.emplace(settings_.rotary);
  const std::string prefix = settings_.bare() ? "" : "model.";
  child(prefix + "layers", blocks_);
  child(prefix + "final_layernorm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, {}, active(settings_.residual_dropout), active(settings_.attention_dropout)};
  if (rotary_) shared.rotary = rotary_->table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  const at::Tensor x = nn::dropout(embeds, active(settings_.embedding_dropout));  // [tokens, D]
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {x, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = settings_.bare() ? "embed_tokens.weight" : "model.embed_tokens.weight",
          .head_name = settings_.bare() ? "" : "lm_head.weight",
          .head_bias_name = settings_.bare() ? "" : "lm_head.bias",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding,
          .initializer_range = settings_.deviation};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.kv_heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::phi
