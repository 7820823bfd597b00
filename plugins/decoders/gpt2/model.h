// GPT-2: causal transformer with learned positions, layer norms before each part, and matrices kept [in, out].
//
// Follows transformers 4.57 GPT2Model / GPT2LMHeadModel (attention "eager"); parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width, P longest row.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>
#include <welt/sdk/config.hpp>

namespace welt::gpt2 {

struct Settings {
  std::int64_t width, inner, layers, heads, head_width, positions, vocab_size;
  std::string activation, architecture;
  double norm_eps, initializer_range, embedding_dropout, attention_dropout, residual_dropout;
  bool scale_scores, scale_by_layer, upcast, tied;

  static Settings from(const sdk::Config& config);
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
  Attention(const Settings& s, std::int64_t layer, const at::TensorOptions& options);
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
  Block(const Settings& s, std::int64_t layer, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  nn::LayerNorm norm_1_;
  Attention attention_;
  nn::LayerNorm norm_2_;
  FeedForward mlp_;
};

class Model : public nn::Model {
 public:
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  nn::Embedding positions_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace welt::gpt2
