// BLEU (Papineni et al. 2002) as sacreBLEU counts it (Post 2018): 13a tokens, n = 1 … 4, one reference, exponential
// smoothing, case kept.
//
//   BleuCounter counter;  BleuSums sums;
//   for (…) sums += counter.count(hypothesis, reference);       // of any number of threads, and added up
//   sums.score().bleu
#pragma once

#include "core/metrics/ngram_matcher.h"
#include "core/metrics/tokenizer_13a.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct BleuScore {
  double bleu = 0;                     // 0 … 100
  std::array<double, 4> precisions{};  // per cent; all 0 when no token matches
  double brevity_penalty = 1;          // 0 … 1
};

// What the score of a corpus is made of: the sum over its pairs.
struct BleuSums {
  std::array<std::int64_t, 4> matches{}, totals{};  // n-grams of the hypotheses, by n − 1
  std::int64_t hypothesis_tokens = 0, reference_tokens = 0;

  BleuSums& operator+=(const BleuSums& other);

  // An order of which the hypotheses have no n-gram at all makes the score 0, unless `effective_order` leaves it out,
  // as is usual for single sentences. No tokens: 0.
  BleuScore score(bool effective_order = false) const;
};

// Keeps its tables between calls: one object per thread. Texts are well-formed UTF-8.
class BleuCounter {
 public:
  BleuSums count(std::string_view hypothesis, std::string_view reference);

 private:
  Tokenizer13a hypothesis_tokens_, reference_tokens_;
  WordNumbers numbers_;
  NgramMatcher matcher_;
  std::vector<std::string_view> words_;
  std::vector<std::uint32_t> hypothesis_, reference_;
};

// The settings in sacreBLEU's words; scores are those of the version it names.
std::string bleu_signature();

}  // namespace welt
