// A cascade of nodes: each attends to its own tokens and then to the output of the node before, whose sum with what it
// finds goes on.
//
//   y = node(x), a few transformer layers or one recurrence with ternary weights     x the output of the node before
//   x ← attention(queries y, keys and values norm(x)) + x                            but for the first node: x ← y
//
// After "Wave-based byte-level embedding, tokenizer-free transformer" (A. Biaselli), with causal masks; README.md says
// what else is mended, and what `reference_compatible` keeps.
// Letters: tokens are flat (row_plan.h), N nodes of L layers, D width, H heads, d = D / H, M inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/bit_linear.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/offers.h>
#include <welt/nn/recurrence.h>
#include <cstdint>
#include <optional>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::wave_cascade {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"WaveCascadeForCausalLM", "WaveCascadeModel"});
  std::int64_t vocab_size = integer("vocab_size", 256, "rows of the token table").range(0, 1 << 30);
  std::int64_t nodes = integer("num_nodes", 36, "nodes N in the chain").range(1, 10000);
  std::string node = text("node", "transformer",
                          "what a node is: transformer layers, or matmul_free, a recurrence and a "
                          "gated part with ternary weights")
                         .one_of({"transformer", "matmul_free"});
  std::int64_t layers = integer("num_hidden_layers", 4, "layers L of a transformer node").range(1, 1000);
  std::int64_t heads = integer("num_attention_heads", 8, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t width = integer("hidden_size", 512, "width D").range(2, 1 << 20);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", sdk::null, "inner width of a node's feed-forward part; null: D")
                           .range(1, 1 << 22)
                           .value_or(width);
  std::int64_t positions = integer("max_position_embeddings", 1024, "longest row").range(1, 1 << 24);
  double dropout = number("dropout", 0.1, "dropout of attention weights and of parts in training").range(0, 1);
  double norm_eps = number("layer_norm_eps", 1e-5, "added to the variance in norms").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  bool tied = boolean("tie_word_embeddings", false, "the head is the token table");
  bool compatible = boolean("reference_compatible", false, "the arithmetic of the seed's transformer nodes");

  bool of_transformers() const { return node == "transformer"; }
  bool bare() const { return architecture == "WaveCascadeModel"; }
};

// What the nodes of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RecurrentRows rows;
  at::Tensor positions;  // [tokens, D] waves of the positions
  double dropout;        // 0 in evaluation
};

// torch.nn.MultiheadAttention, under its names; queries and memory are of the same tokens.
class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  // queries, memory [tokens, D] → [tokens, D]; `layer`: of the cache's keys and values
  at::Tensor operator()(const at::Tensor& queries, const at::Tensor& memory, const Shared& shared,
                        std::int64_t layer) const;

 private:
  const Settings& s_;
  nn::Tensor in_weight_, in_bias_;  // [3 D, D], [3 D]: queries, keys, values
  nn::Linear out_;
};

// torch.nn.TransformerEncoderLayer: norms behind, ReLU.
class Layer : public nn::Module {
 public:
  Layer(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::int64_t layer) const;  // [tokens, D]

 private:
  Attention attention_;
  nn::Linear inner_, out_;
  nn::LayerNorm attention_norm_, out_norm_;
};

// A gated recurrence (MLGRU) and a gated part, each behind a norm and added.
class MatmulFree : public nn::Module {
 public:
  MatmulFree(const Settings& s, const at::TensorOptions& options, std::int64_t number);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::size_t number) const;  // [tokens, D]

 private:
  nn::RMSNorm mixer_norm_, gated_norm_;
  nn::BitLinear forget_, candidate_, output_gate_, output_, gate_, up_, down_;
};

class Node : public nn::Module {
 public:
  Node(const Settings& s, const at::TensorOptions& options, std::int64_t number);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t number) const;  // no branches

 private:
  const Settings& s_;
  std::optional<nn::BlockList<Layer>> layers_;
  std::optional<MatmulFree> recurrence_;
  std::optional<nn::LayerNorm> memory_norm_;
  std::optional<Attention> cross_;  // to the node before; the first has none
};

class Model : public nn::Model, public nn::StraightThroughGradients {
 public:
  using Settings = wave_cascade::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return s_.width; }
  std::int64_t max_positions() const override { return s_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;
  bool rounds() const override { return !s_.of_transformers(); }

 private:
  at::Tensor positions(const at::Tensor& embeds, const nn::RowPlan& plan) const;

  Settings s_;
  nn::BlockList<Node> nodes_;
  std::optional<nn::LayerNorm> norm_;
};

}  // namespace welt::wave_cascade
