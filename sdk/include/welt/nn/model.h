// What a language model is to the SDK: a module with a forward over planned rows, and a few facts about itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "welt/nn/cache.h"
#include "welt/nn/layers.h"
#include "welt/nn/row_plan.h"

namespace welt::nn {

// Where Hugging Face keeps token table and head (welt_vocabulary_info of the ABI). The host owns both.
struct VocabularyFacts {
  std::string base_prefix, table_name, head_name = {}, head_bias_name = {};
  std::int64_t width = 0, vocab_size = 0;
  double scale = 1, logit_softcap = 0;
  bool tied = false;
  std::int64_t padding_row = -1;  // −1: none
  double initializer_range = 0.02;
  // The position of a row's first token, which null positions count from. Not 0: tokens of the padding row are not
  // counted in the class, and have the position before (RoBERTa).
  std::int64_t first_position = 0;
  bool has_head_transform = false;
};

// Letters: tokens are flat in plan order (row_plan.h), E embedding width, D width. [instance]
class Model : public Body {
 public:
  // embeds [tokens, E] → hidden [tokens, D], after the final norm, before the head. Traces "hidden_states.<i>".
  virtual at::Tensor forward(const at::Tensor& embeds, const RowPlan& plan) const = 0;

  virtual std::int64_t width() const = 0;                   // D
  virtual std::int64_t max_positions() const { return 0; }  // positions are below it; 0: unlimited
  virtual VocabularyFacts vocabulary() const = 0;

  // Causal models: what a cache holds. Nothing: no cache.
  virtual CacheLayout cache_layout() const { return {}; }
  // Bytes encoders whose class has a pooler: first tokens [N, D] → [N, D]. Undefined: no pooler.
  virtual at::Tensor pooler(const at::Tensor&) const { return {}; }
  // What stands between body and head, if vocabulary().has_head_transform: hidden [.., D] → [.., E].
  virtual at::Tensor head_transform(const at::Tensor& hidden) const { return hidden; }
};

}  // namespace welt::nn
