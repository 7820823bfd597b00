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
#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::gpt_neox {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"GPTNeoXForCausalLM", "GPTNeoXModel"});
  std::int64_t vocab_size = integer("vocab_size", 50432, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 6144, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 44, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 64, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", 24576, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double rotary_share = number("rotary_pct", 0.25, "share of a head's dimensions that turn").range(0, 2);
  double rotary_base = number("rotary_emb_base", 10000.0, "base of the rotary frequencies");
  std::int64_t rotary_of =
      integer("head_dim", sdk::null, "what rotary_pct is a share of; null: hidden_size / num_attention_heads")
          .range(1, 1 << 20)
          .optional()
          .value_or(head_width);
  nn::RotaryConfig rotary =  // rotary.width() = 0: nothing turns
      custom(nn::RotaryConfig::scaling_keys(2048), nn::RotaryConfig(), [this](const sdk::Config& config) {
        return nn::RotaryConfig::from(config, rotary_of, rotary_base, rotary_share);
      });
  double hidden_dropout =
      number("hidden_dropout", 0.0, "dropout of embeddings and of both parts' outputs in training").range(0, 1);
  double attention_dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  bool parallel = boolean("use_parallel_residual", true, "attention and feed-forward part read the same residual");
  bool attention_bias = boolean("attention_bias", true, "query_key_value and dense have biases");
  bool tied = boolean("tie_word_embeddings", false, "the head is the token table");

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
  using Settings = gpt_neox::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  Settings settings_;
  std::optional<nn::Rotary> rotary_;
  nn::BlockList<Block> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace welt::gpt_neox
