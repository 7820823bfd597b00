// GPT-NeoX (Pythia): causal transformer with layer norms, partly rotary positions, one fused product for queries, keys
// and values, and attention beside the feed-forward part rather than before it.
//
// Follows transformers 4.57 GPTNeoXModel / GPTNeoXForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/rotary.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/config.hpp>

namespace welt::gpt_neox {

struct Settings {
  std::int64_t width, inner, layers, heads, head_width, vocab_size;
  std::string activation, architecture;
  double norm_eps, initializer_range, hidden_dropout, attention_dropout;
  bool attention_bias, parallel, tied;
  nn::RotaryConfig rotary;  // rotary.width() = 0: nothing turns

  static Settings from(const sdk::Config& config);
  bool bare() const { return architecture == "GPTNeoXModel"; }
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  std::optional<nn::RotaryTable> rotary;
  double hidden_dropout, attention_dropout;  // 0 in evaluation
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const;

 private:
  std::int64_t heads_, head_width_;
  nn::Linear query_key_value_, dense_;
};

class FeedForward : public nn::Module {
 public:
  FeedForward(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;

 private:
  nn::Activation activation_;
  nn::Linear inner_, out_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  bool parallel_;
  nn::LayerNorm input_norm_, post_norm_;
  Attention attention_;
  FeedForward mlp_;
};

class Model : public nn::Model {
 public:
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  std::optional<nn::Rotary> rotary_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace welt::gpt_neox
