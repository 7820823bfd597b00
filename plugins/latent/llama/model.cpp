// The mathematics of Llama. See model.h.
#include "model.h"

namespace welt::llama {

Settings Settings::from(const sdk::Config& config) {
  Settings s{};
  s.width = config.get_int("hidden_size");
  s.inner = config.get_int("intermediate_size");
  s.layers = config.get_int("num_hidden_layers");
  s.heads = config.get_int("num_attention_heads");
  s.kv_heads = config.get_int("num_key_value_heads", s.heads);
  s.vocab_size = config.get_int("vocab_size");
  s.activation = config.get_string("hidden_act", "silu");
  s.architecture = config.get_string("architectures.0", "LlamaForCausalLM");
  s.norm_eps = config.get_double("rms_norm_eps", 1e-6);
  s.initializer_range = config.get_double("initializer_range", 0.02);
  s.attention_dropout = config.get_double("attention_dropout", 0);
  s.attention_bias = config.get_bool("attention_bias", false);
  s.mlp_bias = config.get_bool("mlp_bias", false);
  s.tied = config.get_bool("tie_word_embeddings", false);
  s.padding_row = config.get_int("pad_token_id", -1);
  if (s.padding_row < 0 && config.has("pad_token_id")) s.padding_row += s.vocab_size;  // -1: the last row

  if (s.architecture != "LlamaForCausalLM" && s.architecture != "LlamaModel") {
    throw sdk::invalid("class \"" + s.architecture + "\" is not served; known: LlamaForCausalLM, LlamaModel",
                       "architectures");
  }
  if (s.width < 1 || s.inner < 1 || s.layers < 0 || s.heads < 1 || s.kv_heads < 1) {
    throw sdk::invalid("sizes of the model must be above 0", "hidden_size");
  }
  if (s.heads % s.kv_heads != 0) {
    throw sdk::invalid("num_key_value_heads (" + std::to_string(s.kv_heads) + ") must divide num_attention_heads (" +
                           std::to_string(s.heads) + ")",
                       "num_key_value_heads");
  }
  if (!config.has("head_dim") && s.width % s.heads != 0) {
    throw sdk::invalid("hidden_size (" + std::to_string(s.width) + ") is not a multiple of num_attention_heads (" +
                           std::to_string(s.heads) + "); give head_dim or change one of them",
                       "hidden_size");
  }
  s.head_width = config.get_int("head_dim", s.width / s.heads);
  s.rotary = nn::RotaryConfig::from(config, s.head_width);
  return s;
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      kv_heads_(s.kv_heads),
      head_width_(s.head_width),
      q_(s.width, s.heads * s.head_width, s.attention_bias, options, s.initializer_range),
      k_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.initializer_range),
      v_(s.width, s.kv_heads * s.head_width, s.attention_bias, options, s.initializer_range),
      o_(s.heads * s.head_width, s.width, s.attention_bias, options, s.initializer_range) {
  child("q_proj", q_);
  child("k_proj", k_);
  child("v_proj", v_);
  child("o_proj", o_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  const std::int64_t tokens = x.size(0);
  const at::Tensor q = q_(x).view({tokens, heads_, head_width_});     // [tokens, H, d]
  const at::Tensor k = k_(x).view({tokens, kv_heads_, head_width_});  // [tokens, Hkv, d]
  const at::Tensor v = v_(x).view({tokens, kv_heads_, head_width_});  // [tokens, Hkv, d]
  const nn::AttentionOptions options{
      .dropout = shared.dropout, .rotary = &shared.rotary, .layer = static_cast<std::int64_t>(layer)};
  return o_(nn::row_attention(q, k, v, shared.plan, options));  // [tokens, H·d] → [tokens, D]
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      gate_(s.width, s.inner, s.mlp_bias, options, s.initializer_range),
      up_(s.width, s.inner, s.mlp_bias, options, s.initializer_range),
      down_(s.inner, s.width, s.mlp_bias, options, s.initializer_range) {
  child("gate_proj", gate_);
  child("up_proj", up_);
  child("down_proj", down_);
}

at::Tensor FeedForward::operator()(const at::Tensor& x) const {
  return down_(nn::gated_product(gate_(x), up_(x), activation_));  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : attention_(s, options),
      mlp_(s, options),
      input_norm_(s.width, s.norm_eps, options),
      post_norm_(s.width, s.norm_eps, options) {
  child("self_attn", attention_);
  child("mlp", mlp_);
  child("input_layernorm", input_norm_);
  child("post_attention_layernorm", post_norm_);
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, input_norm_.spec());
  shared.plan.trace_hidden(layer, before.sum);
  shared.plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = attention_(before.normed, shared, layer);  // [tokens, D]
  shared.plan.trace_part(layer, "attention", attended);
  const nn::Residual between = nn::residual_norm(attended, before.sum, post_norm_.spec());
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp_(between.normed);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum, fed};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(Settings::from(config)),
      rotary_(settings_.rotary),
      norm_(settings_.width, settings_.norm_eps, options) {
  const std::string prefix = settings_.architecture == "LlamaModel" ? "" : "model.";
  for (std::int64_t i = 0; i < settings_.layers; ++i) {
    blocks_.push_back(std::make_unique<Block>(settings_, options));
    child(prefix + "layers." + std::to_string(i), *blocks_.back());
  }
  child(prefix + "norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, rotary_.table(plan.positions(), plan.longest_position(), nn::compute_type(embeds)),
                active(settings_.attention_dropout)};
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {embeds, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  const bool bare = settings_.architecture == "LlamaModel";
  return {.base_prefix = "model",
          .table_name = bare ? "embed_tokens.weight" : "model.embed_tokens.weight",
          .head_name = bare ? "" : "lm_head.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .padding_row = settings_.padding_row,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.kv_heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::llama
