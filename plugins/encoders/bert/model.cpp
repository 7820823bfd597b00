// The mathematics of BERT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>

#include <cmath>

namespace welt::bert {

Settings::Settings(const sdk::Source& source) : Fields(source) {
  boolean("is_decoder", false, "must be false: BERT is an encoder here")
      .only(false, "BERT is a bidirectional encoder here");
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : absolute_(s.position_type == "absolute"),
      positions_(s.positions, s.width, options, s.initializer_range),
      types_(s.types, s.width, options, s.initializer_range),
      norm_(s.width, s.norm_eps, options) {
  children({{"position_embeddings", positions_}, {"token_type_embeddings", types_}, {"LayerNorm", norm_}});
}

at::Tensor Embeddings::operator()(const at::Tensor& embeds, const nn::RowPlan& plan, const Dropouts& dropouts) const {
  // Only on the CPU: looking at what another device holds would wait for it.
  if (const at::Tensor& ids = plan.token_types(); ids.defined() && ids.numel() > 0 && ids.device().is_cpu()) {
    const std::int64_t least = ids.min().item<std::int64_t>(), most = ids.max().item<std::int64_t>();
    if (least < 0 || most >= types_.weight.size(0)) {
      throw sdk::invalid("token type " + std::to_string(least < 0 ? least : most) + " was given; the model has " +
                             std::to_string(types_.weight.size(0)) + " (type_vocab_size)",
                         "token_types");
    }
  }
  const at::Tensor types = plan.token_types().defined() ? types_(plan.token_types()) : types_.weight[0];
  at::Tensor x = embeds + types;                        // [tokens, D]
  if (absolute_) x = x + positions_(plan.positions());  // [tokens, D]
  return nn::dropout(norm_(x), dropouts.hidden);
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      head_width_(s.head_width),
      positions_(s.positions),
      with_keys_(s.position_type == "relative_key_query"),
      query_(s.width, s.width, true, options, s.initializer_range),
      key_(s.width, s.width, true, options, s.initializer_range),
      value_(s.width, s.width, true, options, s.initializer_range) {
  children({{"query", query_}, {"key", key_}, {"value", value_}});
  if (s.position_type != "absolute") {
    distance_.emplace(2 * s.positions - 1, head_width_, options, s.initializer_range);
    child("distance_embedding", *distance_);
  }
}

at::Tensor Attention::operator()(const at::Tensor& x, const nn::RowPlan& plan, const Dropouts& dropouts) const {
  const std::int64_t tokens = x.size(0);
  const auto heads = [&](const at::Tensor& y) { return y.view({tokens, heads_, head_width_}); };  // [tokens, H, d]
  nn::AttentionOptions options{.dropout = dropouts.attention};
  if (distance_) {
    options.score_bias = [this](const at::Tensor& q, const at::Tensor& k) { return relative_scores(q, k); };
  }
  return nn::row_attention(heads(query_(x)), heads(key_(x)), heads(value_(x)), plan, options);  // [tokens, D]
}

// Shaw et al. 2018 as BertSelfAttention has it: distances count slots.   q, k [n, H, T, d] → [n, H, T, T]
at::Tensor Attention::relative_scores(const at::Tensor& q, const at::Tensor& k) const {
  const std::int64_t length = q.size(2);
  const at::Tensor slot = at::arange(length, q.options().dtype(at::kLong));
  const at::Tensor distance = slot.unsqueeze(1) - slot.unsqueeze(0) + (positions_ - 1);  // [T, T]
  const at::Tensor table = (*distance_)(distance).to(q.scalar_type());                   // [T, T, d]
  at::Tensor scores = at::matmul(q.unsqueeze(3), table.transpose(1, 2)).squeeze(3);      // [n, H, T, T]
  if (with_keys_) {                                                                      // k at r with table at (l, r)
    const at::Tensor by_key = at::matmul(k.unsqueeze(3), table.permute({1, 2, 0})).squeeze(3);  // [n, H, r, l]
    scores = scores + by_key.transpose(2, 3);
  }
  return scores / std::sqrt(static_cast<double>(head_width_));
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : self_(s, options),
      attention_out_(s.width, s.width, true, options, s.initializer_range),
      attention_norm_(s.width, s.norm_eps, options),
      activation_(s.activation),
      inner_(s.width, s.inner, true, options, s.initializer_range),
      out_(s.inner, s.width, true, options, s.initializer_range),
      out_norm_(s.width, s.norm_eps, options) {
  child("attention.self", self_);
  children({{"attention.output.dense", attention_out_}, {"attention.output.LayerNorm", attention_norm_}});
  children({{"intermediate.dense", inner_}, {"output.dense", out_}, {"output.LayerNorm", out_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto& [plan, dropouts] = shared;
  const at::Tensor attended = nn::dropout(attention_out_(self_(in.x, plan, dropouts)), dropouts.hidden);  // [tokens, D]
  plan.trace_part(layer, "attention", attended);
  const at::Tensor middle = nn::residual_norm(attended, in.x, attention_norm_.spec()).normed;  // [tokens, D]
  plan.trace_part(layer, "attention_norm", middle);
  const at::Tensor fed = nn::dropout(out_(activation_(inner_(middle))), dropouts.hidden);  // I → D
  plan.trace_part(layer, "mlp", fed);
  const at::Tensor out = nn::residual_norm(fed, middle, out_norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(layer + 1, out);
  return {out, {}};
}

Head::Head(const Settings& s, const at::TensorOptions& options)
    : activation_(s.masked_lm() ? s.activation : "tanh"), dense_(s.width, s.width, true, options, s.initializer_range) {
  child("dense", dense_);
  if (s.masked_lm()) {
    norm_.emplace(s.width, s.norm_eps, options);
    child("LayerNorm", *norm_);
  }
}

at::Tensor Head::pool(const at::Tensor& first) const { return activation_(dense_(first)); }                   // [N, D]
at::Tensor Head::transform(const at::Tensor& hidden) const { return (*norm_)(activation_(dense_(hidden))); }  // [.., D]

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config),
      embeddings_(settings_, options),
      blocks_(settings_.layers, settings_, options),
      head_(settings_, options) {
  const std::string prefix = settings_.masked_lm() ? "bert." : "";
  child(prefix + "embeddings", embeddings_);
  child(prefix + "encoder.layer", blocks_);
  // Many checkpoints come without these, and inside WeLT neither is used.
  child(settings_.masked_lm() ? "cls.predictions.transform" : "pooler", head_, /*optional_in_file=*/true);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const Dropouts dropouts{active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  const at::Tensor x = embeddings_(embeds, plan, dropouts);  // [tokens, D]
  plan.trace_hidden(0, x);
  return nn::run_blocks(*this, blocks_, Shared{plan, dropouts}, {x, {}}).x;
}

at::Tensor Model::pooler(const at::Tensor& first) const {
  return settings_.masked_lm() ? at::Tensor() : head_.pool(first);
}

nn::VocabularyFacts Model::vocabulary() const {
  const bool mlm = settings_.masked_lm();
  return {.base_prefix = "bert",
          .table_name = mlm ? "bert.embeddings.word_embeddings.weight" : "embeddings.word_embeddings.weight",
          .head_name = mlm ? "cls.predictions.decoder.weight" : "",
          .head_bias_name = mlm ? "cls.predictions.bias" : "",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding,
          .initializer_range = settings_.initializer_range,
          .has_head_transform = mlm};
}

}  // namespace welt::bert
