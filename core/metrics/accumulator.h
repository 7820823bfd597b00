// Sums over evaluation batches, and the figures made of them. No tensors: the caller reduces a batch to these sums.
#pragma once

#include <cstdint>

namespace welt {

// One batch, or many added up. A label byte is a byte of a label word's unit (core/text/units.h) or of its closing EOS.
struct LossSums {
  double nats = 0;                 // Σ −ln p over label bytes
  std::int64_t text_bytes = 0;     // of the label words in UTF-8, without EOS, whatever units the model has
  std::int64_t label_bytes = 0;    // with EOS
  std::int64_t correct_bytes = 0;  // argmax = label, with EOS
  std::int64_t words = 0;          // labelled positions
  std::int64_t correct_words = 0;  // all label bytes of the word right, EOS too (teacher forcing)

  LossSums& operator+=(const LossSums& other);

  // A byte of text costs its own code and its share of the EOS that ends its word: all nats by the bytes of the text in
  // UTF-8, so the figure can be compared with any model's on the same text. All of them 0 for no labels.
  double loss() const;        // nats per label byte
  double perplexity() const;  // e^loss, per label byte
  double byte_accuracy() const;
  double word_accuracy() const;
  double bits_per_byte() const;  // nats / ln 2 / text_bytes
};

}  // namespace welt
