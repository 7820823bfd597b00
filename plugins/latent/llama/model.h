// Llama: causal transformer with RMS norms, rotary positions, grouped key heads and a gated feed-forward part.
//
// Follows transformers 4.57 LlamaModel / LlamaForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H query heads, Hkv key heads, d head width, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/rotary.h>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>
#include <welt/sdk/config.hpp>

namespace welt::llama {

struct Settings {
  std::int64_t width, inner, layers, heads, kv_heads, head_width, vocab_size;
  std::string activation, architecture;
  double norm_eps, initializer_range, attention_dropout;
  bool attention_bias, mlp_bias, tied;
  std::int64_t padding_row;  // −1: none
  nn::RotaryConfig rotary;

  static Settings from(const sdk::Config& config);
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable rotary;
  double dropout;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const;

 private:
  std::int64_t heads_, kv_heads_, head_width_;
  nn::Linear q_, k_, v_, o_;
};

class FeedForward : public nn::Module {
 public:
  FeedForward(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  nn::Activation activation_;
  nn::Linear gate_, up_, down_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  Attention attention_;
  FeedForward mlp_;
  nn::RMSNorm input_norm_, post_norm_;
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
  nn::Rotary rotary_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::RMSNorm norm_;
};

}  // namespace welt::llama
