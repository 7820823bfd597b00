// DeBERTa v2 and v3: bidirectional transformer whose attention scores content and distance apart (disentangled), with
// post-norm blocks and, in v2, a convolution beside the first block.
//
// Follows transformers 4.57 DebertaV2Model / DebertaV2ForMaskedLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, E embedding width, H heads, d = D/H, I inner width, R rows of the
// table of distances, L the longest row, C = 2L−1 distances from −(L−1) to L−1, K the convolution's kernel.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/model.h>
#include <welt/nn/post_norm.h>
#include <welt/nn/transformer_parts.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::deberta_v2 {

// What attention scores beside content with content.
struct Scored {
  bool query_by_distance = false, key_by_distance = false;  // "c2p", "p2c"
};

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"DebertaV2Model", "DebertaV2ForMaskedLM"});
  std::int64_t vocab_size = integer("vocab_size", 128100, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 1536, "width D").range(1, 1 << 20);
  std::int64_t embedding_width = integer("embedding_size", sdk::null, "width E of the tables; null: hidden_size")
                                     .range(1, 1 << 20)
                                     .optional()
                                     .value_or(width);
  std::int64_t layers = integer("num_hidden_layers", 24, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 24, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t given_head_width =
      integer("attention_head_size", sdk::null, "width of a head; must be hidden_size / num_attention_heads")
          .range(1, 1 << 20)
          .optional()
          .value_or(head_width);
  std::int64_t inner = integer("intermediate_size", 6144, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double hidden_dropout = number("hidden_dropout_prob", 0.1, "dropout of hidden states in training").range(0, 1);
  double attention_dropout =
      number("attention_probs_dropout_prob", 0.1, "dropout of attention weights in training").range(0, 1);
  std::int64_t positions = integer("max_position_embeddings", 512, "rows of the position table").range(1, 1 << 30);
  std::int64_t types = integer("type_vocab_size", 0, "token types; 0: none").range(0, 1 << 20);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-7, "added to the variance in norms").range(0, 1);
  std::int64_t padding = padding_row(0, vocab_size);  // −1: none
  bool absolute = boolean("position_biased_input", true, "the position table is added to the embeddings");
  bool relative = boolean("relative_attention", false, "attention scores distances");
  std::int64_t distances =
      integer("max_relative_positions", -1, "largest distance; below 1: max_position_embeddings").range(-1, 1 << 24);
  std::int64_t buckets =
      integer("position_buckets", -1, "rows for distances of one sign, the far ones by logarithm; below 1: one each")
          .range(-1, 1 << 24);
  bool shares_keys = boolean("share_att_key", false, "distances go through the projections of content");
  Scored scored = read_scored();
  bool normed_distances =
      read_norm(text("norm_rel_ebd", "none", "none, or layer_norm: the table of distances has a norm"));
  std::int64_t kernel =
      integer("conv_kernel_size", 0, "odd kernel of the convolution beside the first block; 0: none").range(0, 1023);
  std::int64_t groups = integer("conv_groups", 1, "groups of the convolution").range(1, 1 << 20);
  std::string conv_activation =
      text("conv_act", "tanh", "activation of the convolution").one_of(nn::activation_names());
  bool legacy = boolean("legacy", true, "the masked-LM head is BERT's (cls), not DeBERTa's own (lm_predictions)");
  bool tied = boolean("tie_word_embeddings", true, "the legacy MLM head is the token table; the other one always is");

  bool masked_lm() const { return architecture == "DebertaV2ForMaskedLM"; }
  std::int64_t reach() const { return distances < 1 ? positions : distances; }
  std::int64_t span() const { return buckets > 0 ? buckets : reach(); }  // R = 2·span

 private:
  Scored read_scored() const;
  static bool read_norm(const std::string& words);
};

// Dropout probabilities in force: 0 in evaluation.
struct Dropouts {
  double hidden, attention;
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& embeds, const nn::RowPlan& plan, double dropout) const;

 private:
  std::optional<nn::Embedding> positions_, types_;
  std::optional<nn::Linear> project_;
  nn::LayerNorm norm_;
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  Dropouts dropouts;
  at::Tensor rows;  // I64 [C]: the table's row of each distance
  bool convolved;   // what comes out of the first block is changed behind it
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& table, const Shared& shared) const;

 private:
  std::int64_t heads_, head_width_;
  Scored scored_;
  double scale_;  // 1/√(d · (1 + what is scored beside content))
  nn::Linear query_, key_, value_;
  std::optional<nn::Linear> position_key_, position_query_;  // absent: distances go through key_ and query_
};

// The stream's branch is the table of distances [R, D], which every block reads and hands on as it is: what is
// checkpointed gets its gradient through the stream.
class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  Attention self_;
  nn::Linear attention_out_;
  nn::LayerNorm attention_norm_;
  nn::FeedForward mlp_;
  nn::LayerNorm out_norm_;
};

// norm(x of the first block + act(convolution of what went into it)).
class Convolution : public nn::Module {
 public:
  Convolution(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& in, const at::Tensor& out, const nn::RowPlan& plan, double dropout) const;

 private:
  std::int64_t kernel_, groups_;
  nn::Activation activation_;
  nn::Tensor weight_, bias_;  // [D, D / groups, K], [D]
  nn::LayerNorm norm_;
};

class Model : public nn::Model {
 public:
  using Settings = deberta_v2::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.absolute ? settings_.positions : 0; }
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override { return (*transform_)(hidden); }

 private:
  at::Tensor rows_of_distances(const nn::RowPlan& plan) const;

  Settings settings_;
  Embeddings embeddings_;
  nn::BlockList<Block> blocks_;
  std::optional<nn::Embedding> distances_;
  std::optional<nn::LayerNorm> distance_norm_;
  std::optional<Convolution> convolution_;
  std::optional<nn::MaskedLMTransform> transform_;
};

}  // namespace welt::deberta_v2
