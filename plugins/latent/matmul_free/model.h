// The MatMul-free language model: a gated recurrence (HGRN) in place of attention, and linear layers whose weights are
// −1, 0 or 1.
//
// Follows HGRNBitModel / HGRNBitForCausalLM of its authors' repository (Zhu et al. 2024, arXiv:2406.02528); parameter
// names are those of the class. Letters: tokens are flat (row_plan.h), D width, W mixer width, M inner width, L layers.
#pragma once

#include <welt/nn/bit_linear.h>
#include <welt/nn/blocks.h>
#include <welt/nn/checkpoint.h>
#include <welt/nn/model.h>
#include <welt/nn/offers.h>
#include <welt/nn/recurrence.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::matmul_free {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"HGRNBitForCausalLM", "HGRNBitModel"});
  std::int64_t vocab_size = integer("vocab_size", 32000, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 2048, "width D").range(1, 1 << 20);
  std::int64_t layers = integer("num_hidden_layers", 24, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_heads", 1, "heads that a state is kept as; they change no number")
                           .range(1, 1 << 16)
                           .dividing({"hidden_size", width});
  double expand = number("expand_ratio", 1.0, "mixer width W / hidden_size").range(0, 64);
  bool lower_bounds = boolean("use_lower_bound", true, "later layers forget less: floors of the gates, learned");
  double hidden_ratio =
      number("hidden_ratio", 4.0, "of intermediate_size: two thirds of it times the width").range(0, 64);
  std::int64_t inner =
      integer("intermediate_size", sdk::null, "inner width M; null: by hidden_ratio, up to a multiple of 256")
          .range(1, 1 << 22)
          .value_or([this] { return (static_cast<std::int64_t>(width * hidden_ratio * 2 / 3) + 255) / 256 * 256; });
  double norm_eps = number("rms_norm_eps", 1e-6, "added to the mean square in norms").range(0, 1);
  double initializer_range = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  std::int64_t padding = padding_row(sdk::null, vocab_size);
  bool tied = boolean("tie_word_embeddings", false, "the head is the token table, rounded");
  bool packed = boolean("packed_weights", false,
                        "weights are kept in 2 bits, as `welt checkpoint convert --ternary` writes; not trained");

  std::int64_t mixer_width = 0;  // W
  nn::BitLinear::Weights weights() const {
    return packed ? nn::BitLinear::Weights::packed : nn::BitLinear::Weights::trained;
  }
  bool bare() const { return architecture == "HGRNBitModel"; }
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RecurrentRows rows;
};

// The recurrence that stands where others have attention.
class Mixer : public nn::Module {
 public:
  Mixer(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  // floors [D] of the gates, undefined: none.   x [tokens, D] → [tokens, D]
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& floors, const Shared& shared, std::size_t layer) const;

 private:
  std::vector<std::int64_t> state_shape_;
  nn::BitLinear i_, f_, g_, o_;
  nn::RMSNorm g_norm_;
};

class FeedForward : public nn::Module {
 public:
  FeedForward(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  at::Tensor operator()(const at::Tensor& x) const;  // [tokens, D] → [tokens, D]

 private:
  nn::BitLinear gate_, down_;
};

// Beside x, the stream carries the floors of all layers [L, D], so that a block that is checkpointed gets their
// gradient through it.
class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  nn::RMSNorm attn_norm_, mlp_norm_;
  Mixer attn_;
  FeedForward mlp_;
};

class Model : public nn::Model, public nn::OwnHead, public nn::StraightThroughGradients {
 public:
  using Settings = matmul_free::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);

  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  bool has_own_head() const override { return !settings_.bare(); }
  at::Tensor logits(const at::Tensor& hidden, const at::Tensor& head) const override;
  std::int64_t width() const override { return settings_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override;

 private:
  at::Tensor floors() const;

  Settings settings_;
  nn::Tensor lower_bounds_;  // [L, D]
  nn::BlockList<Block> blocks_;
  nn::RMSNorm norm_;
  std::optional<nn::BitNorm> head_norm_;
  mutable nn::PackedWeights head_;
};

}  // namespace welt::matmul_free
