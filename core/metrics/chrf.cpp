// See chrf.h.
#include "core/metrics/chrf.h"

#include <span>

#include "core/metrics/white_space.h"

namespace welt {
namespace {

constexpr double beta_squared = 4;

bool is_punctuation(char c) {  // ASCII only
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

std::size_t first_size(std::string_view text) {  // bytes of the first character
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

// A word gives up one mark of punctuation: its last character, else its first.
void split_words(std::string_view text, std::vector<std::string_view>& parts, std::vector<std::string_view>& words) {
  split_white_space(text, parts);
  words.clear();
  for (const std::string_view part : parts) {
    const bool single = part.size() == first_size(part);
    std::size_t cut = 0;
    if (!single && is_punctuation(part.back())) {
      cut = part.size() - 1;
    } else if (!single && is_punctuation(part.front())) {
      cut = 1;
    }
    if (cut > 0) words.push_back(part.substr(0, cut));
    words.push_back(part.substr(cut));
  }
}

double f_score(const ChrfSums& sums, std::size_t orders) {
  double precision = 0, recall = 0;
  int effective = 0;
  for (std::size_t i = 0; i < orders; ++i) {
    if (sums.hypothesis[i] == 0 || sums.reference[i] == 0) continue;
    const auto matches = static_cast<double>(sums.matches[i]);
    precision += matches / static_cast<double>(sums.hypothesis[i]);
    recall += matches / static_cast<double>(sums.reference[i]);
    ++effective;
  }
  if (effective == 0 || precision + recall == 0) return 0;
  precision /= effective;
  recall /= effective;
  return 100 * ((1 + beta_squared) * precision * recall / (beta_squared * precision + recall));
}

void add_totals(ChrfSums& sums, std::size_t first_order, std::size_t orders, std::size_t hypothesis,
                std::size_t reference) {
  for (std::size_t n = 1; n <= orders; ++n) {
    const std::size_t i = first_order + n - 1;
    sums.reference[i] = ngrams(reference, n);
    sums.hypothesis[i] = sums.reference[i] > 0 ? ngrams(hypothesis, n) : 0;
  }
}

}  // namespace

ChrfSums& ChrfSums::operator+=(const ChrfSums& other) {
  for (std::size_t i = 0; i < orders; ++i) {
    hypothesis[i] += other.hypothesis[i];
    reference[i] += other.reference[i];
    matches[i] += other.matches[i];
  }
  return *this;
}

double ChrfSums::chrf2() const { return f_score(*this, character_orders); }
double ChrfSums::chrf_plus_plus() const { return f_score(*this, orders); }

ChrfSums ChrfCounter::count(std::string_view hypothesis, std::string_view reference) {
  ChrfSums sums;
  const std::span matches(sums.matches);
  solid_code_points(hypothesis, hypothesis_);
  solid_code_points(reference, reference_);
  add_totals(sums, 0, ChrfSums::character_orders, hypothesis_.size(), reference_.size());
  matcher_.count(hypothesis_, reference_, matches.first<ChrfSums::character_orders>());

  numbers_.clear();
  split_words(hypothesis, parts_, words_);
  numbers_.number(words_, hypothesis_);
  split_words(reference, parts_, words_);
  numbers_.number(words_, reference_);
  add_totals(sums, ChrfSums::character_orders, ChrfSums::word_orders, hypothesis_.size(), reference_.size());
  matcher_.count(hypothesis_, reference_, matches.last<ChrfSums::word_orders>());
  return sums;
}

std::string chrf_signature() { return "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0"; }
std::string chrf_plus_plus_signature() { return "nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:2.6.0"; }

}  // namespace welt
