// chrF (Popović 2015) and chrF++ (Popović 2017) as sacreBLEU counts them: F of character n-grams up to 6 without white
// space, of chrF++ also of word n-grams up to 2; recall weighs twice (beta 2), one reference, case kept.
//
//   ChrfCounter counter;  ChrfSums sums;
//   for (…) sums += counter.count(hypothesis, reference);
//   sums.chrf2(), sums.chrf_plus_plus()
#pragma once

#include "core/metrics/ngram_matcher.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// The sum over the pairs of a corpus. Orders: character n-grams of 1 … 6, then word n-grams of 1 and 2.
struct ChrfSums {
  static constexpr std::size_t character_orders = 6, word_orders = 2, orders = character_orders + word_orders;
  // The hypotheses' n-grams count only where the pair's reference has any of that order.
  std::array<std::int64_t, orders> hypothesis{}, reference{}, matches{};

  ChrfSums& operator+=(const ChrfSums& other);

  // 0 … 100: F of the mean precision and the mean recall over the orders that both sides have; 0 if there are none.
  double chrf2() const;
  double chrf_plus_plus() const;
};

// Keeps its tables between calls: one object per thread. Texts are well-formed UTF-8.
class ChrfCounter {
 public:
  ChrfSums count(std::string_view hypothesis, std::string_view reference);

 private:
  WordNumbers numbers_;
  NgramMatcher matcher_;
  std::vector<std::string_view> parts_, words_;
  std::vector<std::uint32_t> hypothesis_, reference_;
};

// The settings in sacreBLEU's words; scores are those of the version they name.
std::string chrf_signature();
std::string chrf_plus_plus_signature();

}  // namespace welt
