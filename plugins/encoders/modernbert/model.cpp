// The mathematics of ModernBERT. See model.h.
#include "model.h"

#include <algorithm>
#include <cmath>

namespace welt::modernbert {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  // How a GPU computes, and what is done with labels.
  irrelevant({"deterministic_flash_attn", "sparse_prediction", "sparse_pred_ignore_index", "repad_logits_with_grad"});
}

nn::Init Settings::init() const {
  return nn::Init::truncated_normal(deviation, 0, -cutoff * deviation, cutoff * deviation);
}

nn::Init Settings::init_out() const {
  const double out = deviation / std::sqrt(2.0 * static_cast<double>(std::max<std::int64_t>(layers, 1)));
  return nn::Init::truncated_normal(out, 0, -cutoff * out, cutoff * out);
}

Attention::Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : heads_(s.heads),
      head_width_(s.head_width),
      half_(s.window / 2),
      sliding_(s.sliding[static_cast<std::size_t>(layer)]),
      qkv_(s.width, 3 * s.width, s.attention_bias, options, s.init()),
      out_(s.width, s.width, s.attention_bias, options, s.init_out()) {
  children({{"Wqkv", qkv_}, {"Wo", out_}});
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared) const {
  const auto qkv = qkv_(x).view({x.size(0), 3, heads_, head_width_}).unbind(1);  // 3 × [tokens, H, d]
  const nn::AttentionOptions options{.window = sliding_ ? nn::Window{half_, half_} : nn::Window{},
                                     .dropout = shared.attention_dropout,
                                     .rotary = sliding_ ? &shared.sliding : &shared.full};
  const at::Tensor seen = nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, options);  // [tokens, D]
  return nn::dropout(out_(seen), shared.attention_dropout);
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      in_(s.width, 2 * s.inner, s.mlp_bias, options, s.init()),
      out_(s.inner, s.width, s.mlp_bias, options, s.init_out()) {
  children({{"Wi", in_}, {"Wo", out_}});
}

at::Tensor FeedForward::operator()(const at::Tensor& x, double dropout) const {
  const auto parts = in_(x).chunk(2, -1);  // 2 × [.., I]
  return out_(nn::dropout(nn::gated_product(parts[0], parts[1], activation_), dropout));
}

Block::Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : attention_(s, options, layer), mlp_norm_(s.width, s.norm_eps, options, s.norm_bias), mlp_(s, options) {
  if (layer > 0) {
    attention_norm_.emplace(s.width, s.norm_eps, options, s.norm_bias);
    child("attn_norm", *attention_norm_);
  }
  children({{"attn", attention_}, {"mlp_norm", mlp_norm_}, {"mlp", mlp_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before =
      attention_norm_ ? nn::residual_norm(in.branch, in.x, attention_norm_->spec()) : nn::Residual{in.x, in.x};
  const auto attention = [&](const at::Tensor& x) { return attention_(x, shared); };
  const auto mlp = [&](const at::Tensor& x) { return mlp_(x, shared.mlp_dropout); };
  return nn::pre_norm_block(before, shared.plan, layer, attention, mlp_norm_, mlp);
}

Head::Head(const Settings& s, const at::TensorOptions& options)
    : activation_(s.head_activation),
      dense_(s.width, s.width, s.head_bias, options, s.init_out()),
      norm_(s.width, s.norm_eps, options, s.norm_bias) {
  children({{"dense", dense_}, {"norm", norm_}});
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : s_(config),
      full_(s_.rotary.full),
      sliding_(s_.rotary.sliding),
      embedding_norm_(s_.width, s_.norm_eps, options, s_.norm_bias),
      blocks_(s_.layers, s_, options),
      final_norm_(s_.width, s_.norm_eps, options, s_.norm_bias) {
  const std::string prefix = s_.masked_lm() ? "model." : "";
  child(prefix + "embeddings.norm", embedding_norm_);
  child(prefix + "layers", blocks_);
  child(prefix + "final_norm", final_norm_);
  if (s_.masked_lm()) {
    head_.emplace(s_, options);
    child("head", *head_, /*optional_in_file=*/true);  // inside WeLT it is not used
  }
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const auto table = [&](const nn::Rotary& rotary) {
    return rotary.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  };
  Shared shared{plan, table(full_), table(sliding_), active(s_.attention_dropout), active(s_.mlp_dropout)};
  const at::Tensor x = nn::dropout(embedding_norm_(embeds), active(s_.embedding_dropout));  // [tokens, D]
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {x, {}});
  const nn::Residual last = nn::residual_norm(out.branch, out.x, final_norm_.spec());
  plan.trace_hidden(blocks_.size(), last.sum);
  return last.normed;
}

nn::VocabularyFacts Model::vocabulary() const {
  const bool mlm = s_.masked_lm();
  return {.base_prefix = "model",
          .table_name = mlm ? "model.embeddings.tok_embeddings.weight" : "embeddings.tok_embeddings.weight",
          .head_name = mlm ? "decoder.weight" : "",
          .head_bias_name = mlm && s_.decoder_bias ? "decoder.bias" : "",
          .width = s_.width,
          .vocab_size = s_.vocab_size,
          .tied = s_.tied,
          .padding_row = s_.padding,
          .initializer_range = s_.deviation,
          .has_head_transform = mlm};
}

}  // namespace welt::modernbert
