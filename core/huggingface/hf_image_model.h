// An image encoder out of a Hugging Face folder, as its class gives its outputs. The counterpart of hf_model.h: for
// comparing with the Python originals (`welt component forward`, parity tests).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/huggingface/hf_component.h"

namespace welt {

struct HfImageOutputs {
  at::Tensor last_hidden_state;    // [N,T,D] or [N,D,h,w]; undefined: not asked for, or the class has none
  at::Tensor pooler_output;        // [N,D]; undefined: the class has no pooler, or the file lacks its weights
  std::vector<NamedTensor> trace;  // hidden_states.<i>, [N,T,D]
};

class HfImageModel {
 public:
  // Every tensor is `dtype`; evaluation mode. Throws Error when no plugin serves the folder.
  HfImageModel(const HfSource& source, at::ScalarType dtype, bool requires_grad);

  // pixels [N,C,Hpx,Wpx], normalised: images of one size, whose tokens and trace are told as well.
  HfImageOutputs forward(const at::Tensor& pixels);
  // Images of different sizes, I64 [N,2], padded right and below: pooled only.
  HfImageOutputs forward_ragged(const at::Tensor& pixels, const at::Tensor& sizes);

  at::ScalarType dtype() const { return dtype_; }
  const LoadedWeights& weights() const { return loaded_.weights; }
  const ImageEncoderInfo& facts() const { return loaded_.component.image_encoder_info(); }
  std::vector<NamedTensor> parameters() const { return loaded_.parameters(); }

 private:
  at::Tensor class_pooler(at::Tensor pooled) const;
  HfComponent loaded_;
  at::ScalarType dtype_;
};

}  // namespace welt
