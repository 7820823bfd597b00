// The mathematics of my_plugin: a small transformer. Knows nothing of the ABI: plugin.cpp says what it is used as.
//
// A block adds two branches to its input: attention with rotary positions (Su et al. 2021), and a feed-forward part of
// two matrices with a GELU between them. Each branch reads the input through a layer norm, and a last norm ends the
// model (the pre-norm order of GPT-2).
//
// Letters: tokens stand behind each other, those of all rows (welt/nn/row_plan.h), D width, H heads, d = D / H head
// width, I inner width. Only row_attention() knows where rows end, who sees whom, and what a cache holds.
#pragma once

#include <welt/nn/activation.h>
#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/model.h>
#include <welt/nn/rotary.h>

#include <cstdint>
#include <memory>
#include <vector>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

namespace my_plugin_model {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

// A configuration. Keys are named as Hugging Face names them; the host has filled in the defaults of schema().
struct Settings {
  std::int64_t width, inner, layers, heads, vocab_size;
  double norm_eps, rope_theta, initializer_range;
  bool tied;

  static sdk::Schema schema();
  // Throws Failure naming the key for what cannot be.
  static Settings from(const sdk::Config& config);
  std::int64_t head_width() const { return width / heads; }
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);

  // What each branch adds to the input that its norm has been applied to.   [tokens, D] → [tokens, D]
  at::Tensor attend(const at::Tensor& x, const nn::RowPlan& plan, const nn::RotaryTable& rotary,
                    std::int64_t layer) const;
  at::Tensor feed(const at::Tensor& x) const;

  nn::LayerNorm attention_norm, feed_norm;

 private:
  std::int64_t heads_, head_width_;
  nn::Linear query_, key_, value_, out_;
  nn::Activation activation_;
  nn::Linear wide_, narrow_;
};

class Model : public nn::Model {
 public:
  // `options` say dtype and device of new parameters; on the meta device they take no memory.
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  nn::Rotary rotary_;
  std::vector<std::unique_ptr<Block>> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace my_plugin_model
