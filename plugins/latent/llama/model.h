// Llama: causal transformer with RMS norms, rotary positions, grouped key heads and a gated feed-forward part.
//
// Follows transformers 4.57 LlamaModel / LlamaForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H query heads, Hkv key heads, d head width, I inner width.
#pragma once

#include <welt/nn/attention.h>
#include <welt/nn/model.h>
#include <welt/nn/pre_norm.h>
#include <welt/nn/rotary.h>
#include <cstdint>
#include <string>
#include <welt/sdk/fields.hpp>

namespace welt::llama {

struct Settings : sdk::Fields {
  using Fields::Fields;
  std::string architecture = classes({"LlamaForCausalLM", "LlamaModel"});
  std::int64_t vocab_size = integer("vocab_size", 32000, "rows of the token table").range(0, 1 << 30);
  std::int64_t width = integer("hidden_size", 4096, "width D").range(1, 1 << 20);
  std::int64_t inner = integer("intermediate_size", 11008, "inner width of the feed-forward part").range(1, 1 << 22);
  std::int64_t layers = integer("num_hidden_layers", 32, "blocks").range(0, 10000);
  std::int64_t heads = integer("num_attention_heads", 32, "query heads H").range(1, 1 << 16);
  std::int64_t kv_heads = key_heads(heads);
  std::int64_t head_width = head_dim(width, heads);
  std::string activation = text("hidden_act", "silu", "activation of the gate").one_of(nn::activation_names());
  double deviation = number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100);
  double eps = number("rms_norm_eps", 1e-6, "added to the mean square in norms").range(0, 1);
  std::int64_t padding = padding_row(sdk::null, vocab_size);
  bool tied = boolean("tie_word_embeddings", false, "the head is the token table");
  nn::RotaryConfig rotary = nn::RotaryConfig::fields(*this, head_width, {.max_positions = 2048});
  bool attention_bias = boolean("attention_bias", false, "q, k, v and o have biases");
  double dropout = number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1);
  bool mlp_bias = boolean("mlp_bias", false, "gate, up and down have biases");
};

// What the blocks of one forward share.
struct Shared {
  nn::RowPlan plan;
  nn::RotaryTable rotary;
  double dropout;
};

class Attention : public nn::Module {
 public:
  Attention(const Settings& s, const at::TensorOptions& options)
      : s_(s),
        q_(s.width, s.heads * s.head_width, s.attention_bias, options, s.deviation),
        k_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.deviation),
        v_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.deviation),
        o_(s.heads * s.head_width, s.width, s.attention_bias, options, s.deviation) {
    children({{"q_proj", q_}, {"k_proj", k_}, {"v_proj", v_}, {"o_proj", o_}});
  }
  at::Tensor operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const;

 private:
  const Settings& s_;
  nn::Linear q_, k_, v_, o_;
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options)
      : attention_(s, options),
        mlp_(s.width, s.inner, s.activation, s.mlp_bias, options, s.deviation),
        input_norm_(s.width, s.eps, options),
        post_norm_(s.width, s.eps, options) {
    children({{"self_attn", attention_}, {"mlp", mlp_}});
    children({{"input_layernorm", input_norm_}, {"post_attention_layernorm", post_norm_}});
  }
  nn::Stream operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
    const auto attention = [&](const at::Tensor& x) { return attention_(x, shared, layer); };
    return nn::pre_norm_block(in, shared.plan, layer, input_norm_, attention, post_norm_, mlp_);
  }

 private:
  Attention attention_;
  nn::GatedMLP mlp_;
  nn::RMSNorm input_norm_, post_norm_;
};

class Model : public nn::Model {
 public:
  using Settings = llama::Settings;
  Model(const sdk::Config& config, const at::TensorOptions& options);
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  std::int64_t width() const override { return s_.width; }
  nn::VocabularyFacts vocabulary() const override;
  nn::CacheLayout cache_layout() const override { return {s_.layers, s_.kv_heads, s_.head_width, s_.head_width}; }

 private:
  Settings s_;
  nn::Rotary rotary_;
  nn::BlockList<Block> blocks_;
  nn::RMSNorm norm_;
};

}  // namespace welt::llama
