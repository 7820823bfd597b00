// The scales of Granite. See model.h.
#include "model.h"

#include <ATen/TensorOperators.h>
#include <welt/nn/pre_norm.h>

namespace welt::granite {

Settings::Settings(const sdk::Source& source)
    : CausalSettings(source, {.name = "Granite",
                              .vocab_size = 32000,
                              .width = 4096,
                              .inner = 11008,
                              .layers = 32,
                              .heads = 32,
                              .rotary = {.max_positions = 2048}}) {
  bias = out_bias = boolean("attention_bias", false, "q, k, v and o have biases");
  mlp_bias = boolean("mlp_bias", false, "gate, up and down have biases");
  score_scale = number("attention_multiplier", 1, "scores are multiplied by it").range(1e-6, 1e6);
}

Block::Block(const Settings& s, const at::TensorOptions& options)
    : multiplier_(s.residual_multiplier),
      attention_(s, options),
      mlp_(s.width, s.inner, s.activation, s.mlp_bias, options, s.deviation),
      input_norm_(s.width, s.norm_eps, options),
      post_norm_(s.width, s.norm_eps, options) {
  children({{"self_attn", attention_}, {"mlp", mlp_}});
  children({{"input_layernorm", input_norm_}, {"post_attention_layernorm", post_norm_}});
}

nn::Stream Block::operator()(const nn::Stream& in, const nn::CausalShared& shared, std::size_t layer) const {
  const auto attention = [&](const at::Tensor& x) { return attention_(x, shared, layer) * multiplier_; };
  const auto mlp = [&](const at::Tensor& x) { return mlp_(x) * multiplier_; };
  return nn::pre_norm_block(in, shared.plan, layer, input_norm_, attention, post_norm_, mlp);
}

at::Tensor Model::forward(const at::Tensor& embeds, const nn::RowPlan& plan) const {
  return CausalTransformer::forward(embeds * settings().embedding_multiplier, plan);
}

nn::VocabularyFacts Model::vocabulary() const {
  nn::VocabularyFacts facts = CausalTransformer::vocabulary();
  facts.has_head_transform = settings().logits_scaling != 1;
  return facts;
}

at::Tensor Model::head_transform(const at::Tensor& hidden) const { return hidden / settings().logits_scaling; }

}  // namespace welt::granite
