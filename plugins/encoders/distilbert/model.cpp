// The mathematics of DistilBERT. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/where.h>

namespace welt::distilbert {
namespace {

// sin(p / 10000^(2k/D)) in column 2k, its cosine in column 2k + 1.   [P, D]
void fill_sinusoids(const at::Tensor& table) {
  const at::TensorOptions options = table.options().dtype(at::kDouble);
  const at::Tensor column = at::arange(table.size(1), options), row = at::arange(table.size(0), options).unsqueeze(1);
  const at::Tensor odd = column.remainder(2);
  const at::Tensor angle = row / at::pow(10000.0, (column - odd) / static_cast<double>(table.size(1)));  // [P, D]
  table.copy_(at::where(odd == 0, at::sin(angle), at::cos(angle)));
}

}  // namespace

Embeddings::Embeddings(const Settings& s, const at::TensorOptions& options) : norm_(s.width, norm_eps, options) {
  parameter("position_embeddings.weight", positions_, {s.positions, s.width}, options,
            s.sinusoidal ? nn::Init::function(fill_sinusoids) : nn::Init(s.initializer_range),
            {.trainable = !s.sinusoidal, .table = true});
  child("LayerNorm", norm_);
}

at::Tensor Embeddings::operator()(const at::Tensor& embeds, const nn::RowPlan& plan, double dropout) const {
  return nn::dropout(norm_(embeds + at::embedding(positions_, plan.positions())), dropout);  // [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_(s.width, s.heads, {"q_lin", "k_lin", "v_lin", "out_lin"}, {}, options, s.initializer_range,
                 s.initializer_range),
      mlp_(s.width, s.inner, s.activation, {"lin1", "lin2"}, /*with_bias=*/true, options, s.initializer_range,
           s.initializer_range),
      attention_norm_(s.width, norm_eps, options),
      out_norm_(s.width, norm_eps, options) {
  children({{"attention", attention_}, {"sa_layer_norm", attention_norm_}});
  children({{"ffn", mlp_}, {"output_layer_norm", out_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) {
    return attention_(x, shared.plan, {.dropout = shared.attention_dropout});
  };
  const auto mlp = [&](const at::Tensor& x) { return nn::dropout(mlp_(x), shared.dropout); };
  const at::Tensor out = nn::post_norm_block(in.x, shared.plan, layer, attention, attention_norm_, mlp, out_norm_);
  shared.plan.trace_hidden(layer + 1, out);
  return {out, {}};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(config), embeddings_(settings_, options), blocks_(settings_.layers, settings_, options) {
  const Settings& s = settings_;
  const std::string prefix = s.masked_lm() ? "distilbert." : "";
  child(prefix + "embeddings", embeddings_);
  child(prefix + "transformer.layer", blocks_);
  if (s.masked_lm()) {  // inside WeLT it is not used
    const nn::MaskedLMNames names{.dense = "vocab_transform", .norm = "vocab_layer_norm"};
    transform_.emplace(s.width, s.width, s.activation, norm_eps, options, s.initializer_range, names);
    child("", *transform_, /*optional_in_file=*/true);
  }
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  const Shared shared{plan, active(settings_.dropout), active(settings_.attention_dropout)};
  const at::Tensor x = embeddings_(embeds, plan, shared.dropout);  // [tokens, D]
  plan.trace_hidden(0, x);
  return nn::run_blocks(*this, blocks_, shared, {x, {}}).x;
}

nn::VocabularyFacts Model::vocabulary() const {
  const bool mlm = settings_.masked_lm();
  return {.base_prefix = "distilbert",
          .table_name = std::string(mlm ? "distilbert." : "") + "embeddings.word_embeddings.weight",
          .head_name = mlm ? "vocab_projector.weight" : "",
          .head_bias_name = mlm ? "vocab_projector.bias" : "",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding,
          .initializer_range = settings_.initializer_range,
          .has_head_transform = mlm};
}

}  // namespace welt::distilbert
