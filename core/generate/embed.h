// Vectors of texts from a finished model: of words, as the latent transformer reads them, or its latents, what it makes
// of them. Used by `welt embed`.
//
//   text ─ BOS, words ─▶ word vectors (bytes and images; mapping, norm) ─▶ latent transformer ─▶ latents (final norm)
//
// A text's vectors do not depend on the others of a batch, but for rounding. [one thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/generate/word_encoder.h"
#include "core/model/welt_model.h"

namespace welt {

enum class EmbedLevel {
  words,    // after mapping and norm; a word's vector is the same wherever it stands
  latents,  // hidden states after the latent transformer's final norm: causal, but SO … SI blocks see themselves whole
};
enum class EmbedPool { none, last, mean };  // a vector per word, the last word's, or the mean over all, BOS included

struct EmbedOptions {
  EmbedLevel level = EmbedLevel::words;
  EmbedPool pool = EmbedPool::none;
};

struct Embedded {
  std::vector<std::vector<std::string>> words;  // of each text, BOS first
  at::Tensor vectors;                           // [words of all texts, D], or [texts, D] when pooled
};

class TextEmbedder {
 public:
  // Puts the model into evaluation mode and opens its text front end. The model must outlive it.
  explicit TextEmbedder(WeltModel& model);

  // The words of one text, BOS first. Throws Error, starting with `where`, for text that is not UTF-8, or, for latents,
  // has more words than the latent transformer has positions.
  std::vector<std::string> words(std::string_view text, std::string_view where, EmbedLevel level) const;

  // One batch of at least one text, in the texts' order; each has at least one word.
  Embedded embed(std::vector<std::vector<std::string>> texts, const EmbedOptions& options);

  std::int64_t width() const;  // D

 private:
  WeltModel& model_;
  WordEncoder encoder_;
};

}  // namespace welt
