// The mathematics of GPT-2. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/unbind.h>

#include <cmath>
#include <vector>

namespace welt::gpt2 {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  boolean("add_cross_attention", false, "must be false: there is no other sequence to look at")
      .optional()
      .only(false, "GPT-2 has nothing to look at here but its own row");
  custom({sdk::table("pruned_heads", "must be empty: all blocks have n_head heads").optional()}, true,
         [](const sdk::Config& config) {
           if (config.count("pruned_heads") == 0) return true;
           throw sdk::invalid(
               "pruned_heads is not empty, and blocks with fewer heads than n_head are not served; "
               "use the model before pruning",
               "pruned_heads");
         });
}

double Settings::residual_deviation() const { return initializer_range / std::sqrt(2.0 * static_cast<double>(layers)); }

Attention::Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : heads_(s.heads),
      head_width_(s.head_width),
      layer_(layer),
      scale_((s.scale_scores ? 1 / std::sqrt(static_cast<double>(s.head_width)) : 1) /
             (s.scale_by_layer ? static_cast<double>(layer + 1) : 1)),
      upcast_(s.upcast),
      attn_(s.width, 3 * s.width, options, s.initializer_range),
      proj_(s.width, s.width, options, s.residual_deviation()) {
  child("c_attn", attn_);
  child("c_proj", proj_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared) const {
  const at::Tensor fused = attn_(x).view({x.size(0), 3, heads_, head_width_});  // [tokens, 3, H, d]
  const std::vector<at::Tensor> qkv = at::unbind(fused, 1);                     // [tokens, H, d] each
  const nn::AttentionOptions options{
      .scale = scale_, .dropout = shared.attention_dropout, .upcast = upcast_, .layer = layer_};
  const at::Tensor attended = nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, options);  // [tokens, D]
  return nn::dropout(proj_(attended), shared.residual_dropout);
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      fc_(s.width, s.inner, options, s.initializer_range),
      proj_(s.inner, s.width, options, s.residual_deviation()) {
  child("c_fc", fc_);
  child("c_proj", proj_);
}

at::Tensor FeedForward::operator()(const at::Tensor& x, const Shared& shared) const {
  return nn::dropout(proj_(activation_(fc_(x))), shared.residual_dropout);  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer)
    : norm_1_(s.width, s.norm_eps, options),
      attention_(s, options, layer),
      norm_2_(s.width, s.norm_eps, options),
      mlp_(s, options) {
  children({{"ln_1", norm_1_}, {"attn", attention_}, {"ln_2", norm_2_}, {"mlp", mlp_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return attention_(x, shared); };
  const auto mlp = [&](const at::Tensor& x) { return mlp_(x, shared); };
  return nn::pre_norm_block(in, shared.plan, layer, norm_1_, attention, norm_2_, mlp);
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      positions_(settings_.positions, settings_.width, options, settings_.initializer_range),
      blocks_(settings_.layers, settings_, options),
      norm_(settings_.width, settings_.norm_eps, options) {
  const std::string prefix = settings_.bare() ? "" : "transformer.";
  child(prefix + "wpe", positions_);
  child(prefix + "h", blocks_);
  child(prefix + "ln_f", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  if (plan.token_types().defined()) {
    throw sdk::invalid(
        "GPT-2 has no table of token types: transformers looks them up in the token table, which the "
        "host owns; add those rows to embeds instead",
        "token_types");
  }
  const at::Tensor x =
      nn::dropout(embeds + positions_(plan.positions()), active(settings_.embedding_dropout));  // [tokens, D]
  const nn::Stream out = nn::run_blocks(
      *this, blocks_, Shared{plan, active(settings_.attention_dropout), active(settings_.residual_dropout)}, {x, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "transformer",
          .table_name = settings_.bare() ? "wte.weight" : "transformer.wte.weight",
          .head_name = settings_.bare() ? "" : "lm_head.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::gpt2
