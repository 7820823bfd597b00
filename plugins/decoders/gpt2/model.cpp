// The mathematics of GPT-2. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/unbind.h>

#include <cmath>

namespace welt::gpt2 {
namespace {

// GPT2Config.attribute_map: the general spelling of a key counts where both are given.
std::int64_t size_of(const sdk::Config& config, const char* name, const char* general) {
  return config.has(general) ? config.get_int(general) : config.get_int(name);
}

void refuse_unserved(const Settings& s, const sdk::Config& config) {
  if (s.architecture != "GPT2LMHeadModel" && s.architecture != "GPT2Model") {
    throw sdk::invalid("class \"" + s.architecture + "\" is not served; known: GPT2LMHeadModel, GPT2Model",
                       "architectures");
  }
  if (config.get_bool("add_cross_attention", false)) {
    throw sdk::invalid("add_cross_attention = true is not served; GPT-2 has nothing to look at here but its own row",
                       "add_cross_attention");
  }
  if (config.count("pruned_heads") > 0) {
    throw sdk::invalid(
        "pruned_heads is not empty, and blocks with fewer heads than n_head are not served; "
        "use the model before pruning",
        "pruned_heads");
  }
}

}  // namespace

Settings Settings::from(const sdk::Config& config) {
  Settings s{};
  s.width = size_of(config, "n_embd", "hidden_size");
  s.layers = size_of(config, "n_layer", "num_hidden_layers");
  s.heads = size_of(config, "n_head", "num_attention_heads");
  s.positions = size_of(config, "n_positions", "max_position_embeddings");
  s.inner = config.get_int("n_inner", 4 * s.width);
  s.vocab_size = config.get_int("vocab_size");
  s.activation = config.get_string("activation_function", "gelu_new");
  s.architecture = config.get_string("architectures.0", "GPT2LMHeadModel");
  s.norm_eps = config.get_double("layer_norm_epsilon", 1e-5);
  s.initializer_range = config.get_double("initializer_range", 0.02);
  s.embedding_dropout = config.get_double("embd_pdrop", 0.1);
  s.attention_dropout = config.get_double("attn_pdrop", 0.1);
  s.residual_dropout = config.get_double("resid_pdrop", 0.1);
  s.scale_scores = config.get_bool("scale_attn_weights", true);
  s.scale_by_layer = config.get_bool("scale_attn_by_inverse_layer_idx", false);
  s.upcast = config.get_bool("reorder_and_upcast_attn", false);
  s.tied = config.get_bool("tie_word_embeddings", true);

  refuse_unserved(s, config);
  if (s.width < 1 || s.inner < 1 || s.layers < 0 || s.heads < 1 || s.positions < 1) {
    throw sdk::invalid("sizes of the model must be above 0", "n_embd");
  }
  if (s.width % s.heads != 0) {
    throw sdk::invalid("n_embd (" + std::to_string(s.width) + ") is not a multiple of n_head (" +
                           std::to_string(s.heads) + "); change one of them",
                       "n_embd");
  }
  s.head_width = s.width / s.heads;
  return s;
}

double Settings::residual_deviation() const { return initializer_range / std::sqrt(2.0 * static_cast<double>(layers)); }

Attention::Attention(const Settings& s, std::int64_t layer, const at::TensorOptions& options)
    : heads_(s.heads),
      head_width_(s.head_width),
      layer_(layer),
      scale_((s.scale_scores ? 1 / std::sqrt(static_cast<double>(s.head_width)) : 1) /
             (s.scale_by_layer ? static_cast<double>(layer + 1) : 1)),
      upcast_(s.upcast),
      attn_(s.width, 3 * s.width, options, s.initializer_range),
      proj_(s.width, s.width, options, s.residual_deviation()) {
  child("c_attn", attn_);
  child("c_proj", proj_);
}

at::Tensor Attention::operator()(const at::Tensor& x, const Shared& shared) const {
  const at::Tensor fused = attn_(x).view({x.size(0), 3, heads_, head_width_});  // [tokens, 3, H, d]
  const std::vector<at::Tensor> qkv = at::unbind(fused, 1);                     // [tokens, H, d] each
  const nn::AttentionOptions options{
      .scale = scale_, .dropout = shared.attention_dropout, .upcast = upcast_, .layer = layer_};
  const at::Tensor attended = nn::row_attention(qkv[0], qkv[1], qkv[2], shared.plan, options);  // [tokens, D]
  return nn::dropout(proj_(attended), shared.residual_dropout);
}

FeedForward::FeedForward(const Settings& s, const at::TensorOptions& options)
    : activation_(s.activation),
      fc_(s.width, s.inner, options, s.initializer_range),
      proj_(s.inner, s.width, options, s.residual_deviation()) {
  child("c_fc", fc_);
  child("c_proj", proj_);
}

at::Tensor FeedForward::operator()(const at::Tensor& x, const Shared& shared) const {
  return nn::dropout(proj_(activation_(fc_(x))), shared.residual_dropout);  // [tokens, I] → [tokens, D]
}

Block::Block(const Settings& s, std::int64_t layer, const at::TensorOptions& options)
    : norm_1_(s.width, s.norm_eps, options),
      attention_(s, layer, options),
      norm_2_(s.width, s.norm_eps, options),
      mlp_(s, options) {
  child("ln_1", norm_1_);
  child("attn", attention_);
  child("ln_2", norm_2_);
  child("mlp", mlp_);
}

nn::Stream Block::operator()(const nn::Stream& in, const Shared& shared, std::size_t layer) const {
  const nn::Residual before = nn::residual_norm(in.branch, in.x, norm_1_.spec());
  shared.plan.trace_hidden(layer, before.sum);
  shared.plan.trace_part(layer, "input_norm", before.normed);
  const at::Tensor attended = attention_(before.normed, shared);  // [tokens, D]
  shared.plan.trace_part(layer, "attention", attended);
  const nn::Residual between = nn::residual_norm(attended, before.sum, norm_2_.spec());
  shared.plan.trace_part(layer, "post_attention_norm", between.normed);
  const at::Tensor fed = mlp_(between.normed, shared);  // [tokens, D]
  shared.plan.trace_part(layer, "mlp", fed);
  return {between.sum, fed};
}

Model::Model(const sdk::Config& config, const at::TensorOptions& options)
    : settings_(Settings::from(config)),
      positions_(settings_.positions, settings_.width, options, settings_.initializer_range),
      norm_(settings_.width, settings_.norm_eps, options) {
  const std::string prefix = settings_.bare() ? "" : "transformer.";
  child(prefix + "wpe", positions_);
  for (std::int64_t i = 0; i < settings_.layers; ++i) {
    blocks_.push_back(std::make_unique<Block>(settings_, i, options));
    child(prefix + "h." + std::to_string(i), *blocks_.back());
  }
  child(prefix + "ln_f", norm_);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  if (plan.token_types().defined()) {
    throw sdk::invalid(
        "GPT-2 has no table of token types: transformers looks them up in the token table, which the "
        "host owns; add those rows to embeds instead",
        "token_types");
  }
  const at::Tensor x =
      nn::dropout(embeds + positions_(plan.positions()), active(settings_.embedding_dropout));  // [tokens, D]
  const nn::Stream out = nn::run_blocks(
      *this, blocks_, Shared{plan, active(settings_.attention_dropout), active(settings_.residual_dropout)}, {x, {}});
  const at::Tensor hidden = nn::residual_norm(out.branch, out.x, norm_.spec()).normed;  // [tokens, D]
  plan.trace_hidden(blocks_.size(), hidden);
  return hidden;
}

nn::VocabularyFacts Model::vocabulary() const {
  return {.base_prefix = "transformer",
          .table_name = settings_.bare() ? "wte.weight" : "transformer.wte.weight",
          .head_name = settings_.bare() ? "" : "lm_head.weight",
          .width = settings_.width,
          .vocab_size = settings_.vocab_size,
          .tied = settings_.tied,
          .initializer_range = settings_.initializer_range};
}

nn::CacheLayout Model::cache_layout() const {
  return {settings_.layers, settings_.heads, settings_.head_width, settings_.head_width};
}

}  // namespace welt::gpt2
