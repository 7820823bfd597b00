// Gemma 3, the language model: causal transformer whose parts stand between two norms each, with normed queries and
// keys, and layers of two kinds: most see a window, some all that came before.
//
// Follows transformers 4.57 Gemma3TextModel / Gemma3ForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H query heads, Hkv key heads, d head width, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/layer_types.h>
#include <welt/nn/model.h>
#include <welt/nn/pre_norm.h>
#include <welt/nn/rotary.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::gemma3 {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);
  std::string architecture = classes({"Gemma3ForCausalLM", "Gemma3TextModel"});
  std::int64_t vocab_size = integer("vocab_size", 262208, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 2304, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 9216, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 26, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 8, "query heads H").range(1, 1 << 16);
  std::int64_t kv_heads =
      integer("num_key_value_heads", 4, "key heads Hkv").range(1, 1 << 16).dividing({"num_attention_heads", heads});
  std::int64_t head_width = integer("head_dim", 256, "width d of a head").range(1, 1 << 20);
  std::string activation =
      text("hidden_activation", "gelu_pytorch_tanh", "activation of the gate").one_of(nn::activation_names());
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double eps = number("rms_norm_eps", 1e-6, "added to the mean square in norms").range(0, 1);
  std::int64_t padding = padding_row(0, vocab_size);
  bool tied = boolean("tie_word_embeddings", true, "the head is the token table");
  nn::RotaryPair rotary = nn::RotaryPair::fields(*this, head_width,
                                                 {.max_positions = 131072,
                                                  .full = {"rope_theta", 1e6},
                                                  .sliding = {"rope_local_base_freq", 1e4},
                                                  .scale_sliding = false});
  bool attention_bias = boolean("attention_bias", false, "q, k, v and o have biases");
  double dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  double query_scalar = number("query_pre_attn_scalar", 256, "scores are divided by its square root").range(1e-6, 1e12);
  std::optional<std::int64_t> window =
      integer("sliding_window", 4096, "positions that a layer with a window sees, its own included")
          .range(1, 1 << 30)
          .nullable();
  std::int64_t pattern =
      integer("sliding_window_pattern", 6, "every so many layers one sees all; counts where layer_types is null")
          .range(1, 1 << 30);
  std::vector<bool> sliding =
      nn::sliding_layers(*this, layers, [&](std::int64_t layer) { return (layer + 1) % pattern != 0; });
  std::vector<nn::Window> windows = nn::causal_windows(sliding, window);
  double logit_softcap =  // 0: none
      number("final_logit_softcapping", sdk::null, "logits are squeezed between this and its negative; null: not")
          .range(1e-6, 1e12)
          .value_or(0);
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable full, sliding;
  double dropout;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  at::Tensor operator()(const at::Tensor& x, const Shared& shared) const;

 private:
  const Settings& s_;
  std::int64_t layer_;
  bool sliding_;
  nn::Linear q_, k_, v_, o_;
  nn::OffsetRMSNorm q_norm_, k_norm_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options, std::int64_t layer);
  // Both parts are traced with the norm behind them; "post_attention_norm" is what the feed-forward part reads, as in
  // other models.
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const;

 private:
  Attention attention_;
  nn::GatedMLP mlp_;
  nn::OffsetRMSNorm input_norm_, behind_attention_, before_mlp_, behind_mlp_;
};

class Model : public nn::Model {
 public:
  using Settings = gemma3::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return s_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override { return {s_.layers, s_.kv_heads, s_.head_width, s_.head_width}; }

 private:
  Settings s_;
  nn::Rotary full_, sliding_;
  nn::BlockList<Block> blocks_;
  nn::OffsetRMSNorm norm_;
};

}  // namespace welt::gemma3
