// What a language model may offer beside nn::Model: each is a class to derive from as well.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt::nn {

// A head that is more than a product with its matrix (welt.head/1).
class OwnHead {
 public:
  virtual ~OwnHead() = default;
  // This configuration has one; false: as if the model were not derived from this.
  virtual bool has_own_head() const { return true; }
  // hidden [.., D], head [V, E], the host's matrix → [.., V], before the head's bias and a softcap.
  virtual at::Tensor logits(const at::Tensor& hidden, const at::Tensor& head) const = 0;
};

// Values are rounded on the way, and gradients pass as if they were not (welt.gradients/1).
class StraightThroughGradients {
 public:
  virtual ~StraightThroughGradients() = default;
  virtual bool rounds() const { return true; }  // this configuration does
};

}  // namespace welt::nn
