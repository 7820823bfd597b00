// Bytes encoders that read a word as text (welt.words/1), beside those that are handed embedded bytes.
#pragma once

#include <span>
#include <string>

#include "core/tensor/tensor_component.h"

namespace welt {

// It does: a model needs no byte table for it, and does not pool.
bool reads_words(const TensorComponent& component);

// Words in UTF-8 → [N,D]. Throws Error where the component fails, or gives another shape. `component`: reads_words().
at::Tensor word_vectors(TensorComponent& component, std::span<const std::string> words);

}  // namespace welt
