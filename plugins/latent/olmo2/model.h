// OLMo 2: Llama with its norms behind the parts, inside the residual branch, and RMS norms of all queries and all keys
// of a token at once.
//
// Follows transformers 4.57 Olmo2Model / Olmo2ForCausalLM; parameter names are those of the class. All but the block is
// nn::CausalTransformer.
#pragma once

#include <welt/nn/causal_transformer.h>

namespace welt::olmo2 {

struct Settings : nn::CausalSettings {
  explicit Settings(const sdk::Source& source)
      : CausalSettings(source, {.name = "Olmo2",
                                .vocab_size = 50304,
                                .width = 4096,
                                .inner = 11008,
                                .layers = 32,
                                .heads = 32,
                                .padding = 1,
                                .norm_eps = 1e-5,
                                .rotary = {.max_positions = 2048}}) {
    bias = out_bias = boolean("attention_bias", false, "q, k, v and o have biases");
    query_norm = QueryNorm::projection;
  }
};

class Block : public nn::Module {
 public:
  Block(const Settings& s, const at::TensorOptions& options);
  nn::Stream operator()(const nn::Stream& in, const nn::CausalShared& shared, std::size_t layer) const;

 private:
  nn::CausalAttention attention_;
  nn::GatedMLP mlp_;
  nn::RMSNorm attention_norm_, mlp_norm_;
};

using Model = nn::CausalTransformer<Settings, Block>;

}  // namespace welt::olmo2
