// Settings, attention and block of the causal transformer. See causal_transformer.h.
#include "welt/nn/causal_transformer.h"

#include "welt/nn/pre_norm.h"

namespace welt::nn {

CausalSettings::CausalSettings(const sdk::Source& source, const Defaults& usual)
    : Fields(source),
      architecture(classes({usual.name + "ForCausalLM", usual.name + "Model"})),
      vocab_size(integer("vocab_size", usual.vocab_size, "rows of the token table").range(0, 1 << 30)),
      width(integer("hidden_size", usual.width, "width D").range(1, 1 << 20)),
      inner(integer("intermediate_size", usual.inner, "inner width of the feed-forward part").range(1, 1 << 22)),
      layers(integer("num_hidden_layers", usual.layers, "blocks").range(0, 10000)),
      heads(integer("num_attention_heads", usual.heads, "query heads H").range(1, 1 << 16)),
      kv_heads(key_heads(heads, usual.kv_heads)),
      head_width(usual.head_width ? integer("head_dim", *usual.head_width, "width of a head").range(1, 1 << 20)
                                  : head_dim(width, heads)),
      activation(text("hidden_act", "silu", "activation of the gate").one_of(activation_names())),
      deviation(number("initializer_range", 0.02, "standard deviation of new weights").range(0, 100)),
      norm_eps(number("rms_norm_eps", usual.norm_eps, "added to the mean square in norms").range(0, 1)),
      padding(usual.padding ? padding_row(*usual.padding, vocab_size) : padding_row(sdk::null, vocab_size)),
      tied(boolean("tie_word_embeddings", usual.tied, "the head is the token table")),
      rotary(RotaryConfig::fields(*this, head_width, usual.rotary)),
      dropout(number("attention_dropout", 0.0, "dropout of attention weights in training").range(0, 1)) {}

VocabularyFacts CausalSettings::vocabulary() const {
  return {.base_prefix = "model",
          .table_name = bare() ? "embed_tokens.weight" : "model.embed_tokens.weight",
          .head_name = bare() ? "" : "lm_head.weight",
          .width = width,
          .vocab_size = vocab_size,
          .tied = tied,
          .padding_row = padding,
          .initializer_range = deviation};
}

CausalAttention::CausalAttention(const CausalSettings& s, const at::TensorOptions& options)
    : s_(s),
      q_(s.width, s.heads * s.head_width, s.bias, options, s.deviation),
      k_(s.width, s.kv_heads * s.head_width, s.bias, options, s.deviation),
      v_(s.width, s.kv_heads * s.head_width, s.bias, options, s.deviation),
      o_(s.heads * s.head_width, s.width, s.out_bias, options, s.deviation) {
  children({{"q_proj", q_}, {"k_proj", k_}, {"v_proj", v_}, {"o_proj", o_}});
  if (s.query_norm == CausalSettings::QueryNorm::none) return;
  const bool of_heads = s.query_norm == CausalSettings::QueryNorm::heads;
  q_norm_.emplace(of_heads ? s.head_width : s.heads * s.head_width, s.norm_eps, options);
  k_norm_.emplace(of_heads ? s.head_width : s.kv_heads * s.head_width, s.norm_eps, options);
  children({{"q_norm", *q_norm_}, {"k_norm", *k_norm_}});
}

at::Tensor CausalAttention::operator()(const at::Tensor& x, const CausalShared& shared, std::size_t layer) const {
  const bool whole = s_.query_norm == CausalSettings::QueryNorm::projection;
  const auto in_heads = [&](const at::Tensor& product, std::int64_t heads, const std::optional<RMSNorm>& norm) {
    const at::Tensor rows = norm && whole ? (*norm)(product) : product;
    const at::Tensor split = rows.view({x.size(0), heads, s_.head_width});  // [tokens, H or Hkv, d]
    return norm && !whole ? (*norm)(split) : split;
  };
  const at::Tensor q = in_heads(q_(x), s_.heads, q_norm_);
  const at::Tensor k = in_heads(k_(x), s_.kv_heads, k_norm_);
  const at::Tensor v = in_heads(v_(x), s_.kv_heads, {});
  const bool turns = s_.with_positions.empty() || s_.with_positions[layer];
  const AttentionOptions options{.scale = s_.score_scale,
                                 .window = s_.windows.empty() ? Window{} : s_.windows[layer],
                                 .dropout = shared.dropout,
                                 .rotary = turns ? &shared.rotary : nullptr,
                                 .layer = static_cast<std::int64_t>(layer)};
  return o_(row_attention(q, k, v, shared.plan, options));  // [tokens, H·d] → [tokens, D]
}

CausalBlock::CausalBlock(const CausalSettings& s, const at::TensorOptions& options)
    : attention_(s, options),
      mlp_(s.width, s.inner, s.activation, s.mlp_bias, options, s.deviation),
      input_norm_(s.width, s.norm_eps, options),
      post_norm_(s.width, s.norm_eps, options) {
  children({{"self_attn", attention_}, {"mlp", mlp_}});
  children({{"input_layernorm", input_norm_}, {"post_attention_layernorm", post_norm_}});
}

Stream CausalBlock::operator()(const Stream& in, const CausalShared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return attention_(x, shared, layer); };
  return pre_norm_block(in, shared.plan, layer, input_norm_, attention, post_norm_, mlp_);
}

}  // namespace welt::nn
