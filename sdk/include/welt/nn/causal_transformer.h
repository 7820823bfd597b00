// The causal transformer that Llama began, and that many classes of Hugging Face are but for a few lines: RMS norms,
// rotary positions, grouped key heads, a gated feed-forward part. A plugin says what its class does differently:
//
//   struct Settings : nn::CausalSettings {
//     explicit Settings(const sdk::Source& source)
//         : CausalSettings(source, {.name = "Mistral", .vocab_size = 32000, …}) { windows = …; }
//     … keys of its own …
//   };
//   using Model = nn::CausalTransformer<Settings>;          // or with a Block of its own behind the settings
//
// Follows transformers 4.57 LlamaModel / LlamaForCausalLM; parameter names are those of the class.
// Letters: tokens are flat (row_plan.h), D width, H query heads, Hkv key heads, d head width, I inner width.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

#include "welt/nn/attention.h"
#include "welt/nn/blocks.h"
#include "welt/nn/checkpoint.h"
#include "welt/nn/model.h"
#include "welt/nn/rotary.h"

namespace welt::nn {

// The keys that all such classes have, with a class's own defaults, and what its further keys decide.
struct CausalSettings : sdk::Fields {
  struct Defaults {
    std::string name;  // the classes are <name>ForCausalLM and <name>Model
    std::int64_t vocab_size, width, inner, layers, heads;
    std::optional<std::int64_t> kv_heads = {};    // none: as many as query heads
    std::optional<std::int64_t> head_width = {};  // none: width / heads
    std::optional<std::int64_t> padding = {};     // pad_token_id
    double norm_eps = 1e-6;
    bool tied = false;
    RotaryConfig::Defaults rotary;
  };
  CausalSettings(const sdk::Source& source, const Defaults& usual);

  std::string architecture;
  std::int64_t vocab_size, width, inner, layers, heads, kv_heads, head_width;
  std::string activation;
  double deviation, norm_eps;
  std::int64_t padding;
  bool tied;
  RotaryConfig rotary;
  double dropout;

  // Not keys: a class sets them.
  bool bias = false, out_bias = false, mlp_bias = false;  // of q, k and v; of o; of gate, up and down
  enum class QueryNorm { none, heads, projection };       // RMS norms of queries and keys: of each head, of all at once
  QueryNorm query_norm = QueryNorm::none;
  double score_scale = 0;                 // of q·k; 0: 1/√d
  std::vector<Window> windows = {};       // of each layer; empty: all see everything before them
  std::vector<bool> with_positions = {};  // layers that turn queries and keys; empty: all

  bool bare() const { return architecture.ends_with("Model"); }
  VocabularyFacts vocabulary() const;
};

// What the blocks of one forward share.
struct CausalShared {
  RowPlan plan;
  RotaryTable rotary;
  double dropout;  // 0 in evaluation
};

// Parts hold on to the settings, which the model keeps.
class CausalAttention : public Module {
 public:
  CausalAttention(const CausalSettings& s, const at::TensorOptions& options);
  at::Tensor operator()(const at::Tensor& x, const CausalShared& shared, std::size_t layer) const;  // [tokens, D]

 private:
  const CausalSettings& s_;
  Linear q_, k_, v_, o_;
  std::optional<RMSNorm> q_norm_, k_norm_;
};

// Attention and feed-forward part, each behind a norm.
class CausalBlock : public Module {
 public:
  CausalBlock(const CausalSettings& s, const at::TensorOptions& options);
  Stream operator()(const Stream& in, const CausalShared& shared, std::size_t layer) const;

 private:
  CausalAttention attention_;
  GatedMLP mlp_;
  RMSNorm input_norm_, post_norm_;
};

template <typename ClassSettings, typename Block = CausalBlock>
class CausalTransformer : public Model {
 public:
  using Settings = ClassSettings;
  CausalTransformer(const sdk::Config& config, const at::TensorOptions& options)
      : s_(config), rotary_(s_.rotary), blocks_(s_.layers, s_, options), norm_(s_.width, s_.norm_eps, options) {
    const std::string prefix = s_.bare() ? "" : "model.";
    child(prefix + "layers", blocks_);
    child(prefix + "norm", norm_);
  }
  at::Tensor forward(const at::Tensor& embeds, const RowPlan& plan) const override {
    CausalShared shared{plan, rotary_.table(plan.positions(), plan.longest_position(), compute_type(embeds)),
                        active(s_.dropout)};
    const Stream out = run_blocks(*this, blocks_, std::move(shared), {embeds, {}});
    const at::Tensor hidden = residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
    plan.trace_hidden(blocks_.size(), hidden);
    return hidden;
  }
  std::int64_t width() const override { return s_.width; }
  VocabularyFacts vocabulary() const override { return s_.vocabulary(); }
  CacheLayout cache_layout() const override { return {s_.layers, s_.kv_heads, s_.head_width, s_.head_width}; }

 protected:
  const Settings& settings() const { return s_; }

 private:
  Settings s_;
  Rotary rotary_;
  BlockList<Block> blocks_;
  RMSNorm norm_;
};

}  // namespace welt::nn
