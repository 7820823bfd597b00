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
#include <welt/nn/model.h>
#include <welt/nn/pre_norm.h>
#include <welt/nn/rotary.h>

#include <cstdint>
#include <welt/sdk/fields.hpp>

namespace my_plugin_model {

namespace nn = welt::nn;
namespace sdk = welt::sdk;

// A configuration: each member is a key, named as Hugging Face names it, with its default, what it may be, and a line
// of help. The schema and the checks follow from it (welt/sdk/fields.hpp).
struct Settings : sdk::Fields {
  using Fields::Fields;
  std::int64_t vocab_size = integer("vocab_size", 256, "rows of the token table; the host sets it").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 128, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 256, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 2, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 2, "heads H; hidden_size is an even multiple").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double rope_theta = number("rope_theta", 10000.0, "base of the rotary frequencies").range(1, 1e12);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  bool tied = boolean("tie_word_embeddings", true, "the head is the token table");
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable rotary;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  // What each branch adds to the input that its norm has been applied to.   [tokens, D] → [tokens, D]
  at::Tensor attend(const at::Tensor& x, const Shared& shared, std::size_t layer) const;
  at::Tensor feed(const at::Tensor& x) const;

  nn::LayerNorm attention_norm_, feed_norm_;
  std::int64_t heads_, head_width_;
  nn::Linear query_, key_, value_, out_;
  nn::Activation activation_;
  nn::Linear wide_, narrow_;
};

class Model : public nn::Model {
 public:
  using Settings = my_plugin_model::Settings;
  // `options` say dtype and device of new parameters; on the meta device they take no memory.
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  nn::Rotary rotary_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace my_plugin_model
