// All metrics of generated text against a reference, over a corpus of any length.
//
//   TextScorer scorer;  TextSums sums;                      // one of each per thread …
//   for (…) sums += scorer.count(hypothesis, reference);
//   total += sums;                                          // … whose sums are added up
//   total.bleu.score().bleu, total.chrf.chrf_plus_plus(), total.words.rate()
//
// By name, as a recipe asks for them: text_metrics.h.
#pragma once

#include "core/metrics/bleu.h"
#include "core/metrics/chrf.h"
#include "core/metrics/error_rate.h"

#include <cstdint>
#include <string_view>

namespace welt {

// A few numbers, however many pairs they come from.
struct TextSums {
  std::int64_t pairs = 0;
  BleuSums bleu;
  ChrfSums chrf;
  EditSums words, characters;
  std::int64_t exact = 0;  // pairs whose texts are the same, byte by byte

  TextSums& operator+=(const TextSums& other) {
    pairs += other.pairs;
    bleu += other.bleu;
    chrf += other.chrf;
    words += other.words;
    characters += other.characters;
    exact += other.exact;
    return *this;
  }
};

// Keeps its tables between calls, as large as the longest pair has needed. Texts are well-formed UTF-8.
class TextScorer {
 public:
  TextSums count(std::string_view hypothesis, std::string_view reference) {
    return {1,
            bleu_.count(hypothesis, reference),
            chrf_.count(hypothesis, reference),
            errors_.words(hypothesis, reference),
            errors_.characters(hypothesis, reference),
            hypothesis == reference ? 1 : 0};
  }

 private:
  BleuCounter bleu_;
  ChrfCounter chrf_;
  ErrorCounter errors_;
};

}  // namespace welt
