// ModernBERT: bidirectional pre-norm transformer with rotary positions, a gated feed-forward part and few biases, whose
// layers see all of a row or a window around each position.
//
// Follows transformers 4.57 ModernBertModel / ModernBertForMaskedLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/layer_types.h>
#include <welt/nn/model.h>
#include <welt/nn/pre_norm.h>
#include <welt/nn/rotary.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::modernbert {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"ModernBertModel", "ModernBertForMaskedLM"});
  std::int64_t vocab_size = integer("vocab_size", 50368, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 768, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 1152, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 22, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::string activation =
      text("hidden_activation", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(1e-9, 100);
  double cutoff = number("initializer_cutoff_factor", 2, "new weights lie within so many standard deviations; null: 3")
                      .range(1e-3, 1000)
                      .nullable()
                      .value_or(3);
  double norm_eps = number("norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  bool norm_bias = boolean("norm_bias", false, "norms have biases");
  std::int64_t padding = padding_row(50283, vocab_size);
  bool tied = boolean("tie_word_embeddings", true, "the MLM head is the token table");
  nn::RotaryPair rotary = nn::RotaryPair::fields(*this, head_width,
                                                 {.max_positions = 8192,
                                                  .full = {"global_rope_theta", 160000},
                                                  .sliding = {"local_rope_theta", 10000},
                                                  .scale_sliding = true});
  bool attention_bias = boolean("attention_bias", false, "Wqkv and Wo of attention have biases");
  double attention_dropout =
      number("attention_dropout", 0.0, "dropout of attention weights and of their product in training").range(0, 1);
  std::int64_t global_every =
      integer("global_attn_every_n_layers", 3, "every so many layers, from the first, one sees all").range(1, 1 << 30);
  std::vector<bool> sliding =
      nn::sliding_layers(*this, layers, [&](std::int64_t layer) { return layer % global_every != 0; });
  std::int64_t window =
      integer("local_attention", 128, "width of the window: half of it to the left, half to the right")
          .range(1, 1 << 30);
  double embedding_dropout = number("embedding_dropout", 0.0, "dropout of embeddings in training").range(0, 1);
  bool mlp_bias = boolean("mlp_bias", false, "Wi and Wo of the feed-forward part have biases");
  double mlp_dropout = number("mlp_dropout", 0.0, "dropout within the feed-forward part in training").range(0, 1);
  bool head_bias = boolean("classifier_bias", false, "the product before the MLM head has a bias");
  std::string head_activation =
      text("classifier_activation", "gelu", "activation before the MLM head").one_of(nn::activation_names());
  bool decoder_bias = boolean("decoder_bias", true, "the MLM head has a bias");

  bool masked_lm() const { return architecture == "ModernBertForMaskedLM"; }
  nn::Init init() const;      // of what reads the residual
  nn::Init init_out() const;  // of what writes into it
};

// What the blocks of one forward share. Dropout probabilities are those in force: 0 in evaluation.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable full, sliding;
  double attention_dropout, mlp_dropout;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;

 private:
  std::int64_t heads_, head_width_, half_;
  bool sliding_;
  nn::Linear qkv_, out_;
};

class FeedForward : public nn::Module {
 public:
  FeedForward(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, double dropout) const;  // [.., D] → [.., I] → [.., D]

 private:
  nn::Activation activation_;
  nn::Linear in_, out_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  std::optional<nn::LayerNorm> attention_norm_;  // the first layer has none: embeddings come normed
  Attention attention_;
  nn::LayerNorm mlp_norm_;
  FeedForward mlp_;
};

// What stands before the head of ModernBertForMaskedLM.
class Head : public nn::Module {
 public:
  Head(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& hidden) const { return norm_(activation_(dense_(hidden))); }  // [.., D]

 private:
  nn::Activation activation_;
  nn::Linear dense_;
  nn::LayerNorm norm_;
};

class Model : public nn::Model {
 public:
  using Settings = modernbert::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return s_.width; }
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override { return (*head_)(hidden); }

 private:
  Settings s_;
  nn::Rotary full_, sliding_;
  nn::LayerNorm embedding_norm_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm final_norm_;
  std::optional<Head> head_;
};

}  // namespace welt::modernbert
