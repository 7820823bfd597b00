// DistilBERT: bidirectional transformer with learned or sinusoidal positions and post-norm blocks; BERT without token
// types and pooler, under names of its own.
//
// Follows transformers 4.57 DistilBertModel / DistilBertForMaskedLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width, P longest row.
#pragma once

#include <welt/nn/model.h>
#include <welt/nn/post_norm.h>
#include <welt/nn/transformer_parts.h>
#include <cstdint>
#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::distilbert {

constexpr double norm_eps = 1e-12;  // no key of the configuration

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source) : Fields(source) {
    irrelevant({"qa_dropout", "seq_classif_dropout"});  // of other classes' heads
  }
  std::string architecture = classes({"DistilBertModel", "DistilBertForMaskedLM"});
  std::int64_t vocab_size = integer("vocab_size", 30522, "rows of the token table").range(0, 1 << 30);
  std::int64_t positions = integer("max_position_embeddings", 512, "longest row").range(1, 1 << 30);
  bool sinusoidal = boolean("sinusoidal_pos_embds", false, "positions start as sines and cosines, and stay so");
  std::int64_t layers = integer("n_layers", 6, "blocks").range(0, 10000).or_key("num_hidden_layers");
  std::int64_t heads = integer("n_heads", 12, "heads H; divides dim").range(1, 1 << 16).or_key("num_attention_heads");
  std::int64_t width = integer("dim", 768, "width D").range(1, 1 << 20).or_key("hidden_size");
  std::int64_t head_width = quotient({"dim", width}, {"n_heads", heads});
  std::int64_t inner = integer("hidden_dim", 3072, "inner width of the feed-forward part").range(1, 1 << 22);
  double dropout = number("dropout", 0.1, "dropout of hidden states in training").range(0, 1);
  double attention_dropout = number("attention_dropout", 0.1, "dropout of attention weights in training").range(0, 1);
  std::string activation =
      text("activation", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  std::int64_t padding = padding_row(0, vocab_size);  // −1: none
  bool tied = boolean("tie_word_embeddings", true, "the MLM head is the token table");

  bool masked_lm() const { return architecture == "DistilBertForMaskedLM"; }
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& embeds, const nn::RowPlan& plan, double dropout) const;

 private:
  nn::Tensor positions_;  // [P, D]
  nn::LayerNorm norm_;
};

// What the blocks of one forward share. Dropout probabilities are 0 in evaluation.
struct Shared {
  nn::RowPlan plan;
  double dropout, attention_dropout;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;  // no branches

 private:
  nn::SelfAttention attention_;
  nn::FeedForward mlp_;
  nn::LayerNorm attention_norm_, out_norm_;
};

class Model : public nn::Model {
 public:
  using Settings = distilbert::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override { return (*transform_)(hidden); }

 private:
  Settings settings_;
  Embeddings embeddings_;
  nn::BlockList<Block> blocks_;
  std::optional<nn::MaskedLMTransform> transform_;
};

}  // namespace welt::distilbert
