// The mathematics of GPT-NeoX. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/unbind.h>

namespace welt::gpt_neox {

Settings Settings::from(const sdk::Config& config) {
  Settings s{};
  s.width = config.get_int("hidden_size");
  s.inner = config.get_int("intermediate_size");
  s.layers = config.get_int("num_hidden_layers");
  s.heads = config.get_int("num_attention_heads");
  s.vocab_size = config.get_int("vocab_size");
  s.activation = config.get_string("hidden_act", "gelu");
  s.architecture = config.get_string("architectures.0", "GPTNeoXForCausalLM");
  s.norm_eps = config.get_double("layer_norm_eps", 1e-5);
  s.initializer_range = config.get_double("initializer_range", 0.02);
  s.hidden_dropout = config.get_double("hidden_dropout", 0);
  s.attention_dropout = config.get_double("attention_dropout", 0);
  s.attention_bias = config.get_bool("attention_bias", true);
  s.parallel = config.get_bool("use_parallel_residual", true);
  s.tied = config.get_bool("tie_word_embeddings", false);

  if (s.architecture != "GPTNeoXForCausalLM" && s.architecture != "GPTNeoXModel") {
    throw sdk::invalid("class \"" + s.architecture + "\" is not served; known: GPTNeoXForCausalLM, GPTNeoXModel",
                       "architectures");
  }
  if (s.width < 1 || s.inner < 1 || s.layers < 0 || s.heads < 1) {
    throw sdk::invalid("sizes of the model must be above 0", "hidden_size");
  }
  if (s.width % s.heads != 0) {
    throw sdk::invalid("hidden_size (" + std::to_string(s.width) + ") is not a multiple of num_attention_heads (" +
                           std::to_string(s.heads) + "); change one of them",
                       "hidden_size");
  }
  s.head_width = s.width / s.heads;
  // rope_theta and partial_rotary_factor are not looked at: GPTNeoXConfig overwrites them with these two. head_dim,
  // where a config has it, only says what rotary_pct is a share of.
  s.rotary = nn::RotaryConfig::from(config, config.get_int("head_dim", s.head_width),
                                    config.get_double("rotary_emb_base", 10000), config.get_double("rotary_pct", 0.25));
  if (s.rotary.width() > s.head_width) {
    throw sdk::invalid("rotary_pct asks for " + std::to_string(s.rotary.width()) + " turning dimensions; a head has " +
                           std::to_string(s.head_width) + " (an odd number is rounded up)",
                       "rotary_pct");
  }
  return s;
}

Attention::Attention(const Settings& s, const at::TensorOptions& options)
    : heads_(s.heads),
      head_width_(s.head_width),
      query_key_value_(s.width, 3 * s.width, s.attention_bias, options, s.initializer_range),
      dense_(s.width, s.width, s.attention_bias, options, s.initializer_range) {
  child("query_key_value", query_key_value_);
  child("dense", dense_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared, std::size_t layer) const {
  // Head by head: its query, key and value.
  const at::Tensor fused = query_key_value_(x).view({x.size(0), heads_, 3, head_width_});  // [tokens, H, 3, d]
  const std::vector<at::Tensor> qkv = at::unbind(fused, 2);                                // [tokens, H, d] each
  const nn::AttentionOptions options{.dropout = shared.attention_dropout,
                                     .rotary = shared.rotary ? &*shared.rotary : nullptr,
                                     .layer = static_cast<std::int64_t>(layer)};
  return dense_(nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, options));  // [tokens, D]
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      inner_(s.width, s.inner, true, options, s.initializer_range),
      out_(s.inner, s.width, true, options, s.initializer_range) {
  child("dense_h_to_4h", inner_);
  child("dense_4h_to_h", out_);
}

at::Tensor FeedForward::operator()(const at::Tensor& x, const Shared& shared) const {
  return nn::dropout(out_(activation_(inner_(x))), shared.hidden_dropout);  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : parallel_(s.parallel),
      input_norm_(s.width, s.norm_eps, options),
      post_norm_(s.width, s.norm_eps, options),
      attention_(s, options),
      mlp_(s, options) {
  child("input_layernorm", input_norm_);
  child("post_attention_layernorm", post_norm_);
  child("attention", attention_);
  child("mlp", mlp_);
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, input_norm_.spec());
  shared.plan.trace_hidden(layer, before.sum);
  shared.plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = nn::dropout(attention_(before.normed, shared, layer), shared.hidden_dropout);
  shared.plan.trace_part(layer, "attention", attended);
  // In parallel: x + attention(norm(x)) + mlp(norm(x)), each with its own norm.
  const nn::Residual between = parallel_ ? nn::residual_norm({}, before.sum, post_norm_.spec())
                                         : nn::residual_norm(attended, before.sum, post_norm_.spec());
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp_(between.normed, shared);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum, parallel_ ? fed + attended : fed};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(Settings::from(config)), norm_(settings_.width, settings_.norm_eps, options) {
  if (settings_.rotary.width() > 0) rotary_.emplace(settings_.rotary);
  const std::string prefix = settings_.bare() ? "" : "gpt_neox.";
  for (std::int64_t i = 0; i < settings_.layers; ++i) {
    blocks_.push_back(std::make_unique<Block>(settings_, options));
    child(prefix + "layers." + std::to_string(i), *blocks_.back());
  }
  child(prefix + "final_layer_norm", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  Shared shared{plan, {}, active(settings_.hidden_dropout), active(settings_.attention_dropout)};
  if (rotary_) shared.rotary = rotary_->table(plan.positions(), plan.longest_position(), nn::compute_type(embeds));
  const at::Tensor x = nn::dropout(embeds, shared.hidden_dropout);  // [tokens, D]
  const nn::Stream out = nn::run_blocks(*this, blocks_, std::move(shared), {x, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "gpt_neox",
          .table_name = settings_.bare() ? "embed_in.weight" : "gpt_neox.embed_in.weight",
          .head_name = settings_.bare() ? "" : "embed_out.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::gpt_neox
