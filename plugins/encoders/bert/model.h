// BERT: bidirectional transformer with learned positions, token types and post-norm blocks; and RoBERTa, which is BERT
// with other names, another masked-LM head and positions that begin behind the padding's.
//
// Follows transformers 4.57 BertModel / BertForMaskedLM, and the same two of Roberta, XLMRoberta and Camembert;
// parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width, P longest row.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/post_norm.h>
#include <welt/nn/transformer_parts.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::bert {

// What a family of classes has of its own.
struct Family {
  std::vector<std::string> classes;
  std::string prefix;                                      // of the body's names in a class with a head
  std::int64_t vocab_size, padding;                        // defaults
  bool positions_behind_padding;                           // a row's first token has position pad_token_id + 1
  std::string transform, head, head_bias, transform_norm;  // names of the masked LM's tensors
  std::string transform_activation;                        // empty: hidden_act
};
const Family& bert_family();
const Family& roberta_family();

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source) : Settings(source, bert_family()) {}
  Settings(const sdk::Source& source, const Family& of);
  const Family* family;
  std::string architecture = classes(family->classes);
  std::int64_t vocab_size = integer("vocab_size", family->vocab_size, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 768, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 12, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 12, "heads H; divides hidden_size").range(1, 1 << 16);
  std::int64_t head_width = quotient({"hidden_size", width}, {"num_attention_heads", heads});
  std::int64_t inner = integer("intermediate_size", 3072, "inner width of the feed-forward part").range(1, 1 << 22);
  std::string activation =
      text("hidden_act", "gelu", "activation of the feed-forward part").one_of(nn::activation_names());
  double hidden_dropout = number("hidden_dropout_prob", 0.1, "dropout of hidden states in training").range(0, 1);
  double attention_dropout =
      number("attention_probs_dropout_prob", 0.1, "dropout of attention weights in training").range(0, 1);
  std::int64_t positions = integer("max_position_embeddings", 512, "longest row").range(1, 1 << 30);
  std::int64_t types = integer("type_vocab_size", 2, "token types").range(1, 1 << 20);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double norm_eps = number("layer_norm_eps", 1e-12, "added to the variance in norms").range(0, 1);
  std::int64_t padding = padding_row(family->padding, vocab_size);  // −1: none
  std::string position_type = text("position_embedding_type", "absolute", "how positions enter")
                                  .one_of({"absolute", "relative_key", "relative_key_query"});
  bool tied = boolean("tie_word_embeddings", true, "the MLM head is the token table");

  bool masked_lm() const { return architecture.ends_with("ForMaskedLM"); }
  // The position of a row's first token.
  std::int64_t first_position() const {
    return family->positions_behind_padding && position_type == "absolute" ? padding + 1 : 0;
  }
};
struct RobertaSettings : Settings {
  explicit RobertaSettings(const sdk::Source& source) : Settings(source, roberta_family()) {}
};

// Dropout probabilities in force: 0 in evaluation.
struct Dropouts {
  double hidden, attention;
};

class Embeddings : public nn::Module {
 public:
  Embeddings(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& embeds, const nn::RowPlan& plan, const Dropouts& dropouts) const;

 private:
  bool absolute_;
  std::int64_t padding_;  // row of the positions that gets no gradient; −1: none
  nn::Embedding positions_, types_;
  nn::LayerNorm norm_;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const nn::RowPlan& plan, const Dropouts& dropouts) const;

 private:
  at::Tensor relative_scores(const at::Tensor& q, const at::Tensor& k) const;

  std::int64_t heads_, head_width_, positions_;
  bool with_keys_;
  nn::Linear query_, key_, value_;
  std::optional<nn::Embedding> distance_;
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  Dropouts dropouts;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;  // no branches

 private:
  Attention self_;
  nn::Linear attention_out_;
  nn::LayerNorm attention_norm_;
  nn::FeedForward mlp_;
  nn::LayerNorm out_norm_;
};

class Pooler : public nn::Module {
 public:
  Pooler(const Settings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& first) const;

 private:
  nn::Linear dense_;
};

class Model : public nn::Model {
 public:
  using Settings = bert::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options) : Model(Settings(config), options) {}

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor pooler(const at::Tensor& first) const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override { return (*transform_)(hidden); }

 protected:
  Model(const bert::Settings& settings, const at::TensorOptions& options);

 private:
  bert::Settings settings_;
  Embeddings embeddings_;
  nn::BlockList<Block> blocks_;
  std::optional<Pooler> pooler_;                    // of the class without a head
  std::optional<nn::MaskedLMTransform> transform_;  // of the class with one
};

class Roberta : public Model {
 public:
  using Settings = RobertaSettings;
  Roberta(const sdk::Config& config, const at::TensorOptions& options) : Model(RobertaSettings(config), options) {}
};

}  // namespace welt::bert
