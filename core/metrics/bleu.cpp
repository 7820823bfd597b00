// See bleu.h.
#include "core/metrics/bleu.h"

#include <algorithm>
#include <cmath>

#include "core/metrics/white_space.h"

namespace welt {
namespace {

constexpr double log_of_zero = -9999999999;  // sacreBLEU's: e to this is 0 whatever the other orders say

double brevity(std::int64_t hypothesis, std::int64_t reference) {
  if (hypothesis >= reference) return 1;
  return hypothesis > 0 ? std::exp(1 - static_cast<double>(reference) / static_cast<double>(hypothesis)) : 0;
}

}  // namespace

BleuSums& BleuSums::operator+=(const BleuSums& other) {
  for (std::size_t i = 0; i < matches.size(); ++i) {
    matches[i] += other.matches[i];
    totals[i] += other.totals[i];
  }
  hypothesis_tokens += other.hypothesis_tokens;
  reference_tokens += other.reference_tokens;
  return *this;
}

BleuScore BleuSums::score(bool effective_order) const {
  BleuScore out{.brevity_penalty = brevity(hypothesis_tokens, reference_tokens)};
  if (std::ranges::all_of(matches, [](std::int64_t count) { return count == 0; })) return out;
  // The k-th order without a match counts as 1 / 2^k of a match.
  double smoothing = 1;
  std::size_t orders = matches.size();
  for (std::size_t i = 0; i < matches.size() && totals[i] > 0; ++i) {
    if (effective_order) orders = i + 1;
    const auto total = static_cast<double>(totals[i]);
    if (matches[i] == 0) smoothing *= 2;
    out.precisions[i] = matches[i] == 0 ? 100 / (smoothing * total) : 100 * static_cast<double>(matches[i]) / total;
  }
  double logs = 0;
  for (std::size_t i = 0; i < orders; ++i) logs += out.precisions[i] == 0 ? log_of_zero : std::log(out.precisions[i]);
  out.bleu = out.brevity_penalty * std::exp(logs / static_cast<double>(orders));
  return out;
}

BleuSums BleuCounter::count(std::string_view hypothesis, std::string_view reference) {
  numbers_.clear();
  hypothesis_tokens_.split(strip_end(hypothesis), words_);
  numbers_.number(words_, hypothesis_);
  reference_tokens_.split(strip_end(reference), words_);
  numbers_.number(words_, reference_);
  BleuSums sums{.hypothesis_tokens = static_cast<std::int64_t>(hypothesis_.size()),
                .reference_tokens = static_cast<std::int64_t>(reference_.size())};
  for (std::size_t n = 1; n <= sums.totals.size(); ++n) sums.totals[n - 1] = ngrams(hypothesis_.size(), n);
  matcher_.count(hypothesis_, reference_, sums.matches);
  return sums;
}

std::string bleu_signature() { return "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"; }

}  // namespace welt
