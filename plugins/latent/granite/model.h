// Granite: Llama whose embeddings, scores, residual branches and logits are scaled by constants of the configuration.
//
// Follows transformers 4.57 GraniteModel / GraniteForCausalLM; parameter names are those of the class. All but the
// scales is nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>

namespace welt::granite {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source);
  double embedding_multiplier = number("embedding_multiplier", 1, "embeddings are multiplied by it").range(-1e6, 1e6);
  double residual_multiplier =
      number("residual_multiplier", 1, "what a part adds to the stream is multiplied by it").range(-1e6, 1e6);
  double logits_scaling = number("logits_scaling", 1, "logits are divided by it").range(1e-6, 1e6);
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  // Both parts are traced as they are added: multiplied.
  nn::Stream operator()(const nn::Stream& in, const nn::CausalShared& shared, std::size_t layer) const;

 private:
  double multiplier_;
  nn::CausalAttention attention_;
  nn::GatedMLP mlp_;
  nn::RMSNorm input_norm_, post_norm_;
};

// The class multiplies embeddings that it is given, too: so does the forward, not the host's table (which has a scale).
class Model : public nn::CausalTransformer<Settings, Block> {
 public:
  using CausalTransformer::CausalTransformer;
  at::Tensor forward(const at::Tensor& embeds, const nn::RowPlan& plan) const override;
  nn::VocabularyFacts vocabulary() const override;
  at::Tensor head_transform(const at::Tensor& hidden) const override;  // hidden / logits_scaling
};

}  // namespace welt::granite
