// BERT: bidirectional transformer with learned positions, token types and post-norm blocks.
//
// Follows transformers 4.57 BertModel / BertForMaskedLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H heads, d = D/H, I inner width, P longest row.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/config.hpp>

namespace welt::bert {

struct Settings {
  std::int64_t width, inner, layers, heads, positions, types, vocab_size;
  std::string activation, architecture, position_type;  // absolute, relative_key, relative_key_query
  double norm_eps, initializer_range, hidden_dropout, attention_dropout;
  std::int64_t padding_row;  // −1: none
  bool tied;

  static Settings from(const sdk::Config& config);
  bool masked_lm() const { return architecture == "BertForMaskedLM"; }
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
  nn::Activation activation_;
  nn::Linear inner_, out_;
  nn::LayerNorm out_norm_;
};

// What the class adds behind the body: BertModel a pooler, BertForMaskedLM the transform before its head.
class Head : public nn::Module {
 public:
  Head(const Settings& s, const at::TensorOptions& options);
  at::Tensor pool(const at::Tensor& first) const;
  at::Tensor transform(const at::Tensor& hidden) const;

 private:
  nn::Activation activation_;
  nn::Linear dense_;
  std::optional<nn::LayerNorm> norm_;
};

class Model : public nn::Model {
 public:
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return settings_.width; }
  std::int64_t max_positions() const override { return settings_.positions; }
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor pooler(const at::Tensor& first) const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override { return head_.transform(hidden); }

 private:
  Settings settings_;
  Embeddings embeddings_;
  std::vector<std::unique_ptr<Block>> blocks_;
  Head head_;
};

}  // namespace welt::bert
