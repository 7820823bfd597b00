// What a language model may offer beside nn::Model: each is a class to derive from as well.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>

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

// A bytes encoder that reads a word as text (welt.words/1).
class ReadsWords {
 public:
  virtual ~ReadsWords() = default;
  // Words in UTF-8 → [N, D]. Throws Failure for what is not.
  virtual at::Tensor encode_words(std::span<const std::string_view> words) const = 0;
};

}  // namespace welt::nn
