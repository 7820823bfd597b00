// See ngram.h.
#include "core/metrics/ngram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace welt {
namespace {

constexpr std::uint32_t end_symbol = 256, symbols = 257;
constexpr std::size_t orders = 4;    // uniform, unigram, bigram, trigram
constexpr std::size_t classes = 12;  // of context frequency: 0, 1, 2–3, 4–7, …
constexpr int rounds = 20;           // of expectation maximisation
constexpr double add_k = 0.5;        // of the unigram baseline on its own

using Weights = std::array<std::array<double, orders>, classes>;

// Calls use(context of two symbols, symbol) for every symbol of a document and its end. Before the start: end symbols.
template <typename F>
void walk(std::string_view document, F&& use) {
  std::uint32_t before = end_symbol, last = end_symbol;
  const auto step = [&](std::uint32_t symbol) {
    use(before, last, symbol);
    before = std::exchange(last, symbol);
  };
  for (const char c : document) step(static_cast<std::uint8_t>(c));
  step(end_symbol);
}

class Counts {
 public:
  void add(std::string_view document) {
    walk(document, [&](std::uint32_t before, std::uint32_t last, std::uint32_t symbol) {
      ++total_;
      ++unigram_[symbol];
      ++bigram_[last * symbols + symbol];
      ++bigram_context_[last];
      ++trigram_context_[before * symbols + last];
      ++trigram_[(before * symbols + last) * symbols + symbol];
    });
  }

  // The estimates of each order; where a context was never seen, that of the order below.
  std::array<double, orders> estimates(std::uint32_t before, std::uint32_t last, std::uint32_t symbol) const {
    std::array<double, orders> p{};
    p[0] = 1.0 / symbols;
    p[1] = total_ > 0 ? unigram_[symbol] / static_cast<double>(total_) : p[0];
    const double two = bigram_context_[last];
    p[2] = two > 0 ? bigram_[last * symbols + symbol] / two : p[1];
    const double three = trigram_context_[before * symbols + last];
    p[3] = three > 0 ? find(before, last, symbol) / three : p[2];
    return p;
  }

  std::size_t context_class(std::uint32_t before, std::uint32_t last) const {
    return std::min<std::size_t>(std::bit_width(trigram_context_[before * symbols + last]), classes - 1);
  }

  double unigram_bits(std::uint32_t symbol) const {
    return -std::log2((unigram_[symbol] + add_k) / (static_cast<double>(total_) + add_k * symbols));
  }

 private:
  double find(std::uint32_t before, std::uint32_t last, std::uint32_t symbol) const {
    const auto at = trigram_.find((before * symbols + last) * symbols + symbol);
    return at == trigram_.end() ? 0 : at->second;
  }

  std::uint64_t total_ = 0;
  std::vector<std::uint32_t> unigram_ = std::vector<std::uint32_t>(symbols);
  std::vector<std::uint32_t> bigram_ = std::vector<std::uint32_t>(symbols * symbols);
  std::vector<std::uint32_t> bigram_context_ = std::vector<std::uint32_t>(symbols);
  std::vector<std::uint32_t> trigram_context_ = std::vector<std::uint32_t>(symbols * symbols);
  std::unordered_map<std::uint32_t, std::uint32_t> trigram_;
};

double mixed(const std::array<double, orders>& weights, const std::array<double, orders>& p) {
  double sum = 0;
  for (std::size_t i = 0; i < orders; ++i) sum += weights[i] * p[i];
  return sum;
}

// The weights under which `counts` predict `documents` best.
Weights fit(const Counts& counts, const std::vector<std::string_view>& documents) {
  Weights weights;
  for (auto& row : weights) row.fill(1.0 / orders);
  for (int round = 0; round < rounds; ++round) {
    Weights share{};
    for (const std::string_view document : documents) {
      walk(document, [&](std::uint32_t before, std::uint32_t last, std::uint32_t symbol) {
        const auto p = counts.estimates(before, last, symbol);
        const std::size_t c = counts.context_class(before, last);
        const double sum = mixed(weights[c], p);
        for (std::size_t i = 0; i < orders; ++i) share[c][i] += weights[c][i] * p[i] / sum;
      });
    }
    for (std::size_t c = 0; c < classes; ++c) {
      double sum = 0;
      for (const double value : share[c]) sum += value;
      // A little of each order stays: what the slice never needed may come up in the test text.
      for (std::size_t i = 0; i < orders; ++i) weights[c][i] = (share[c][i] + 0.1) / (sum + 0.1 * orders);
    }
  }
  return weights;
}

// Every tenth document; of a single document its last tenth.
void slice(const std::vector<std::string_view>& train, std::vector<std::string_view>& counted,
           std::vector<std::string_view>& fitted) {
  if (train.size() < 10) {
    for (const std::string_view document : train) {
      const std::size_t cut = document.size() - document.size() / 10;
      counted.push_back(document.substr(0, cut));
      fitted.push_back(document.substr(cut));
    }
    return;
  }
  for (std::size_t i = 0; i < train.size(); ++i) (i % 10 == 9 ? fitted : counted).push_back(train[i]);
}

std::uint64_t bytes_of(const std::vector<std::string_view>& documents) {
  std::uint64_t bytes = 0;
  for (const std::string_view document : documents) bytes += document.size();
  return bytes;
}

}  // namespace

NgramBaseline ngram_baseline(const std::vector<std::string_view>& train, const std::vector<std::string_view>& test) {
  const std::uint64_t bytes = bytes_of(test);
  if (bytes == 0 || bytes_of(train) == 0) return {};
  std::vector<std::string_view> counted, fitted;
  slice(train, counted, fitted);
  Counts counts;
  for (const std::string_view document : counted) counts.add(document);
  const Weights weights = fit(counts, fitted);
  for (const std::string_view document : fitted) counts.add(document);

  double unigram = 0, trigram = 0;
  for (const std::string_view document : test) {
    walk(document, [&](std::uint32_t before, std::uint32_t last, std::uint32_t symbol) {
      unigram += counts.unigram_bits(symbol);
      trigram -= std::log2(mixed(weights[counts.context_class(before, last)], counts.estimates(before, last, symbol)));
    });
  }
  return {unigram / static_cast<double>(bytes), trigram / static_cast<double>(bytes)};
}

}  // namespace welt
