// Bytes as waves: a byte's amplitude and its position in the argument of a sine, at a frequency for each dimension,
// and a transformer node (or layers of a wave network) that expands the waves to embeddings.
//
//   fixed     e[p, k] = c / space · sin(p · k + 2π (k − 1) / (D − 1))   k = 1 … D, c the byte's row of the table
//   learned   e[p, k] = norm(a[k] · sin(p · ω[k] + φ[k] + b[k]))        a, b of the byte, ω, φ learnt
//
// `fixed` is the formula of "Wave-based byte-level embedding, tokenizer-free transformer" (A. Biaselli); what it is
// mended by, and the rest of that program, is in README.md. The layers `interference` and `modulation` follow the Wave
// Network (Zhang and Sheng 2024, arXiv:2411.02674).
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D / H, M inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <cstdint>
#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::wave {

struct Settings : sdk::Fields {
  using Fields::Fields;
  std::string architecture = classes({"WaveModel"});
  std::int64_t vocab_size = integer("vocab_size", 256, "rows of the byte table").range(0, 1 << 30);
  std::string embedding = text("embedding", "learned",
                               "fixed: the seed's formula, of an amplitude a byte; learned: amplitudes, phases and "
                               "frequencies are learnt")
                              .one_of({"fixed", "learned"});
  std::string variant = text("variant", "large", "character space of the fixed embedding: small, 256; large, 65535")
                            .one_of({"small", "large"});
  std::int64_t width = integer("hidden_size", 512, "width D, one frequency each").range(2, 1 << 20);
  std::int64_t heads = integer("num_attention_heads", 8, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t layers = integer("num_hidden_layers", 4, "layers of the node").range(0, 10000);
  std::int64_t inner = integer("intermediate_size", 2048, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "relu", "activation of the feed-forward part").one_of(nn::activation_names());
  std::string mixer = text("mixer", "attention",
                           "how tokens of a row see each other: attention, or waves that add "
                           "(interference) or multiply (modulation)")
                          .one_of({"attention", "interference", "modulation"});
  std::int64_t positions = integer("max_position_embeddings", 1024, "longest row").range(1, 1 << 24);
  double dropout = number("dropout", 0.1, "dropout of attention weights and of parts in training").range(0, 1);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);

  double space() const { return variant == "small" ? 256 : 65535; }
  bool fixed() const { return embedding == "fixed"; }
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  double dropout;  // 0 in evaluation
};

// Rows of the byte table to waves.
class Waves : public nn::Module {
 public:
  Waves(const Settings& s, const at::TensorOptions& options);
  // [tokens, 1] characters, or [tokens, 2 D] amplitudes and phases → [tokens, D]
  at::Tensor operator()(const at::Tensor& embeds, const nn::RowPlan& plan) const;

 private:
  const Settings& s_;
  nn::Tensor frequency_, phase_;  // [D]
  std::optional<nn::LayerNorm> norm_;
};

// torch.nn.TransformerEncoderLayer's attention, under its names.
class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;  // [tokens, D]

 private:
  const Settings& s_;
  nn::Tensor in_weight_, in_bias_;  // [3 D, D], [3 D]: queries, keys, values
  nn::Linear out_;
};

// A token as a wave, with the magnitude of all tokens that it sees and a phase that says its share of it; two linear
// maps of it are added or multiplied, and both parts of the result mapped back.
class WaveMixer : public nn::Module {
 public:
  WaveMixer(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;  // [tokens, D]

 private:
  bool multiply_;
  nn::Linear first_, second_;  // of real and imaginary parts alike
  nn::Linear out_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;  // no branches

 private:
  std::optional<Attention> attention_;
  std::optional<WaveMixer> mixer_;
  nn::Activation activation_;
  nn::Linear inner_, out_;
  nn::LayerNorm mixer_norm_, out_norm_;
};

class Model : public nn::Model {
 public:
  using Settings = wave::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;

 private:
  Settings settings_;
  Waves waves_;
  nn::BlockList<Block> blocks_;
  nn::Linear out_;
};

}  // namespace welt::wave
