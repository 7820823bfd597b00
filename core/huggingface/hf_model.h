// A whole Hugging Face language model out of a folder: the plugin's body between the folder's own token table and head.
//
// For comparing with the Python originals (`welt component forward`, parity tests) and for looking at a checkpoint.
// Training and generation assemble WeLT from parts instead (core/model).
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <utility>
#include <vector>

#include "core/huggingface/hf_component.h"
#include "core/tensor/tensor_component.h"
#include "core/tensor/tensor_io.h"

namespace welt {

// What transformers' forward() takes, dense. Either ids or embeds; the rest may be undefined.
struct HfInputs {
  at::Tensor input_ids;       // I64 [B,T]
  at::Tensor inputs_embeds;   // [B,T,E], after the table's scale
  at::Tensor attention_mask;  // BOOL [B,S], S = cached + T
  at::Tensor dense_mask;      // BOOL [B,1,T,T]: the whole mask
  at::Tensor position_ids;    // I64 [B,T]
  at::Tensor token_type_ids;  // I64 [B,T]
};

struct HfOutputs {
  at::Tensor inputs_embeds;          // what the body was fed; keeps its gradient
  at::Tensor last_hidden_state;      // [B,T,D]
  at::Tensor pooler_output, logits;  // undefined: the class has none
  std::vector<NamedTensor> trace;    // hidden_states.<i>, [B,T,D]
};

class HfModel {
 public:
  // `role`: an interface id. Every tensor is `dtype`; evaluation mode. Throws Error when no plugin serves the folder.
  HfModel(const HfSource& source, std::string_view role, at::ScalarType dtype, bool requires_grad);

  HfOutputs forward(const HfInputs& inputs, Cache* cache = nullptr);
  Cache make_cache(std::int64_t batch, std::int64_t capacity) { return loaded_.component.make_cache(batch, capacity); }

  at::ScalarType dtype() const { return dtype_; }
  const LoadedWeights& weights() const { return loaded_.weights; }
  std::vector<NamedTensor> parameters() const { return loaded_.parameters(); }

 private:
  void check(const HfInputs& inputs, std::int64_t cached) const;
  at::Tensor embed(const HfInputs& inputs) const;
  at::Tensor positions(const HfInputs& inputs) const;
  at::Tensor logits(const at::Tensor& hidden);
  HfComponent loaded_;
  at::ScalarType dtype_;
  bool encoder_;
};

}  // namespace welt
