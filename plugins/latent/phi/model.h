// Phi (1, 1.5, 2): causal transformer with one layer norm a block, which attention and the feed-forward part both read,
// rotary positions on a share of each head, and biases everywhere, in the head too.
//
// Follows transformers 4.57 PhiModel / PhiForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H query heads, Hkv key heads, d head width, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/rotary.h>
#include <welt/nn/transformer_parts.h>
#include <cstdint>
#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::phi {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"PhiForCausalLM", "PhiModel"});
  std::int64_t vocab_size = integer("vocab_size", 51200, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 2048, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 8192, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 24, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 32, "query heads H").range(1, 1 << 16);
  std::int64_t kv_heads = key_heads(heads);
  std::int64_t head_width = head_dim(width, heads);
  std::string activation =
      text("hidden_act", "gelu_new", "activation of the feed-forward part").one_of(nn::activation_names());
  double rotary_base = number("rope_theta", nn::RotaryConfig::default_theta, "base of the rotary frequencies");
  double rotary_share = number("partial_rotary_factor", 0.5, "share of a head's dimensions that turn").range(0, 1);
  nn::RotaryConfig rotary =  // rotary.width() = 0: nothing turns
      custom(nn::RotaryConfig::scaling_keys(2048), nn::RotaryConfig(), [this](const sdk::Config& config) {
        return nn::RotaryConfig::from(config, head_width, rotary_base, rotary_share);
      });
  bool qk_norm = boolean("qk_layernorm", false, "queries and keys of a head are normed");
  double residual_dropout = number("resid_pdrop", 0.0, "dropout of both parts' outputs in training").range(0, 1);
  double embedding_dropout = number("embd_pdrop", 0.0, "dropout of embeddings in training").range(0, 1);
  double attention_dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  bool tied = boolean("tie_word_embeddings", false, "the head is the token table");
  std::int64_t padding = padding_row(sdk::null, vocab_size);

  bool bare() const { return architecture == "PhiModel"; }
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  std::optional<nn::RotaryTable> rotary;
  double residual_dropout, attention_dropout;  // 0 in evaluation
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const;

 private:
  std::int64_t heads_, kv_heads_, head_width_;
  nn::Linear q_, k_, v_, out_;
  std::optional<nn::LayerNorm> q_norm_, k_norm_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  nn::LayerNorm norm_;
  Attention attention_;
  nn::FeedForward mlp_;
};

class Model : public nn::Model {
 public:
  using Settings = phi::Settings;
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

}  // namespace welt::phi
