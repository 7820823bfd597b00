// The mathematics of BERT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tanh.h>

#include <cmath>

namespace welt::bert {

const Family& bert_family() {
  static const Family family{.classes = {"BertModel", "BertForMaskedLM"},
                             .prefix = "bert.",
                             .vocab_size = 30522,
                             .padding = 0,
                             .positions_behind_padding = false,
                             .transform = "cls.predictions.transform",
                             .head = "cls.predictions.decoder.weight",
                             .head_bias = "cls.predictions.bias",
                             .transform_norm = "LayerNorm",
                             .transform_activation = ""};
  return family;
}

const Family& roberta_family() {
  static const Family family{.classes = {"RobertaModel", "RobertaForMaskedLM", "XLMRobertaModel",
                                         "XLMRobertaForMaskedLM", "CamembertModel", "CamembertForMaskedLM"},
                             .prefix = "roberta.",
                             .vocab_size = 50265,
                             .padding = 1,
                             .positions_behind_padding = true,
                             .transform = "lm_head",
                             .head = "lm_head.decoder.weight",
                             .head_bias = "lm_head.bias",
                             .transform_norm = "layer_norm",
                             .transform_activation = "gelu"};
  return family;
}

namespace {

// As torch's Embedding has it, the row of padding starts as zeros.
nn::Init position_start(const Settings& s) {
  if (!s.family->positions_behind_padding) return s.initializer_range;
  return nn::Init::function([deviation = s.initializer_range, row = s.padding](const at::Tensor& table) {
    table.normal_(0, deviation);
    table.select(0, row).zero_();
  });
}

}  // namespace

Settings::Settings(const sdk::Source& source, const Family& of) : Fields(source), family(&of) {
  if (!family->positions_behind_padding) return;
  if (padding < 0)
    throw sdk::invalid("pad_token_id is null; expected a row of the table: positions begin behind it", "pad_token_id");
  if (first_position() >= positions)
    throw sdk::invalid("max_position_embeddings (" + std::to_string(positions) + ") must be above pad_token_id + 1 (" +
                           std::to_string(padding + 1) + "), the position of a row's first token",
                       "max_position_embeddings");
}

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options)
    : absolute_(s.position_type == "absolute"),
      padding_(s.family->positions_behind_padding ? s.padding : -1),
      positions_(s.positions, s.width, options, position_start(s)),
      types_(s.types, s.width, options, s.initializer_range),
      norm_(s.width, s.norm_eps, options) {
  children({{"position_embeddings", positions_}, {"token_type_embeddings", types_}, {"LayerNorm", norm_}});
}

at::Tensor Embeddings::operator()(const at::Tensor& embeds, const nn::RowPlan& plan, const Dropouts& dropouts) const {
  at::Tensor x = embeds + nn::token_type_rows(types_, plan);                            // [tokens, D]
  if (absolute_) x = x + at::embedding(positions_.weight, plan.positions(), padding_);  // [tokens, D]
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
      mlp_(s.width, s.inner, s.activation, {"intermediate.dense", "output.dense"}, /*with_bias=*/true, options,
           s.initializer_range, s.initializer_range),
      out_norm_(s.width, s.norm_eps, options) {
  child("attention.self", self_);
  children({{"attention.output.dense", attention_out_}, {"attention.output.LayerNorm", attention_norm_}});
  children({{"", mlp_}, {"output.LayerNorm", out_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto& [plan, dropouts] = shared;
  const auto attention = [&](const at::Tensor& x) {
    return nn::dropout(attention_out_(self_(x, plan, dropouts)), dropouts.hidden);
  };
  const auto mlp = [&](const at::Tensor& x) { return nn::dropout(mlp_(x), dropouts.hidden); };
  const at::Tensor out = nn::post_norm_block(in.x, plan, layer, attention, attention_norm_, mlp, out_norm_);
  plan.trace_hidden(layer + 1, out);
  return {out, {}};
}

Pooler::Pooler(const Settings& s, const at::TensorOptions& options)
    : dense_(s.width, s.width, true, options, s.initializer_range) {
  child("dense", dense_);
}
at::Tensor Pooler::operator()(const at::Tensor& first) const { return at::tanh(dense_(first)); }  // [N, D]

Model::Model(const bert::Settings& settings, const at::TensorOptions& options)
    : settings_(settings), embeddings_(settings_, options), blocks_(settings_.layers, settings_, options) {
  const bert::Settings& s = settings_;
  const std::string prefix = s.masked_lm() ? s.family->prefix : "";
  child(prefix + "embeddings", embeddings_);
  child(prefix + "encoder.layer", blocks_);
  // Many checkpoints come without these, and inside WeLT neither is used.
  if (s.masked_lm()) {
    const std::string& activation = s.family->transform_activation;
    transform_.emplace(s.width, s.width, activation.empty() ? s.activation : activation, s.norm_eps, options,
                       s.initializer_range, nn::MaskedLMNames{.norm = s.family->transform_norm});
    child(s.family->transform, *transform_, /*optional_in_file=*/true);
  } else {
    pooler_.emplace(s, options);
    child("pooler", *pooler_, /*optional_in_file=*/true);
  }
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const Dropouts dropouts{active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  const at::Tensor x = embeddings_(embeds, plan, dropouts);  // [tokens, D]
  plan.trace_hidden(0, x);
  return nn::run_blocks(*this, blocks_, Shared{plan, dropouts}, {x, {}}).x;
}

at::Tensor Model::pooler(const at::Tensor& first) const { return pooler_ ? (*pooler_)(first) : at::Tensor(); }

nn::VocabularyFacts Model::vocabulary() const {
  const Family& family = *settings_.family;
  const bool mlm = settings_.masked_lm();
  return {.base_prefix = family.prefix.substr(0, family.prefix.size() - 1),
          .table_name = (mlm ? family.prefix : "") + "embeddings.word_embeddings.weight",
          .head_name = mlm ? family.head : "",
          .head_bias_name = mlm ? family.head_bias : "",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding,
          .initializer_range = settings_.initializer_range,
          .first_position = settings_.first_position(),
          .has_head_transform = mlm};
}

}  // namespace welt::bert
