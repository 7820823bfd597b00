// GPT-2: causal transformer with learned positions, layer norms before each part, and matrices kept [in, out].
//
// Follows transformers 4.57 GPT2Model / GPT2LMHeadModel (attention "eager"); parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width, P longest row.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/model.h>
#include <welt/nn/pre_norm.h>
#include <cstdint>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::gpt2 {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"GPT2LMHeadModel", "GPT2Model"});
  std::int64_t vocab_size = integer("vocab_size", 50257, "rows of the token table").range(0, 1 << 30);
  std::int64_t positions =
      integer("n_positions", 1024, "longest row").range(1, 1 << 30).or_key("max_position_embeddings");
  std::int64_t width = integer("n_embd", 768, "width D").range(1, 1 << 20).or_key("hidden_size");
  std::int64_t layers = integer("n_layer", 12, "blocks").range(0, 10000).or_key("num_hidden_layers");
  std::int64_t heads = integer("n_head", 12, "heads H; divides n_embd").range(1, 1 << 16).or_key("num_attention_heads");
  std::int64_t head_width = quotient({"n_embd", width}, {"n_head", heads});
  std::int64_t inner = integer("n_inner", sdk::null, "inner width of the feed-forward part; null: 4 n_embd")
                           .range(1, 1 << 22)
                           .value_or(4 * width);
  std::string activation =
      text("activation_function", "gelu_new", "of the feed-forward part").one_of(nn::activation_names());
  double residual_dropout = number("resid_pdrop", 0.1, "dropout of both parts' outputs in training").range(0, 1);
  double embedding_dropout = number("embd_pdrop", 0.1, "dropout of embeddings in training").range(0, 1);
  double attention_dropout = number("attn_pdrop", 0.1, "dropout of attention weights in training").range(0, 1);
  double norm_eps = number("layer_norm_epsilon", 1e-5, "added to the variance in norms").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  bool scale_scores = boolean("scale_attn_weights", true, "scores are divided by the root of a head's width");
  bool scale_by_layer =
      boolean("scale_attn_by_inverse_layer_idx", false, "scores are divided by the block's number, from 1");
  bool upcast = boolean("reorder_and_upcast_attn", false, "scores and softmax in float32 also in reduced precision");
  bool tied = boolean("tie_word_embeddings", true, "the head is the token table");

  bool bare() const { return architecture == "GPT2Model"; }
  // Matrices that write into the residual start smaller, by the number of them (Radford et al. 2019, 2.3).
  double residual_deviation() const;
};

// What the blocks of one forward share. Dropouts are 0 in evaluation.
struct Shared {
  nn::RowPlan plan;
  double attention_dropout, residual_dropout;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;

 private:
  std::int64_t heads_, head_width_, layer_;
  double scale_;
  bool upcast_;
  nn::Conv1D attn_, proj_;
};

class FeedForward : public nn::Module {
 public:
  FeedForward(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;

 private:
  nn::Activation activation_;
  nn::Conv1D fc_, proj_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  nn::LayerNorm norm_1_;
  Attention attention_;
  nn::LayerNorm norm_2_;
  FeedForward mlp_;
};

class Model : public nn::Model {
 public:
  using Settings = gpt2::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  nn::Embedding positions_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace welt::gpt2
