// See sampler.h. The filters are in filters.cpp.
#include "core/generate/sampler.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/error.h"
#include "core/base/philox.h"

namespace welt {
namespace {

constexpr double barred = -std::numeric_limits<double>::infinity();

// FNV-1a, 64 bits: stable on every machine.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

std::uint8_t most_likely(std::span<const float> logits, const ByteSet& allowed) {
  std::size_t best = logits.size();
  for (std::size_t byte = 0; byte < logits.size(); ++byte)
    if (allowed.test(byte) && (best == logits.size() || logits[byte] > logits[best])) best = byte;
  return static_cast<std::uint8_t>(best);
}

}  // namespace

void SamplingOptions::check() const {
  const auto refuse = [](const char* name, const std::string& found, const char* expected) {
    fail({name, found, expected, {}});
  };
  const auto share = [&](const char* name, double value, bool zero) {
    if (!(value <= 1 && (value > 0 || (zero && value == 0))))
      refuse(name, fmt::format("{}", value), zero ? "0 to 1" : "above 0, at most 1");
  };
  if (!std::isfinite(temperature) || temperature < 0)
    refuse("temperature", fmt::format("{}", temperature), "0 (greedy) or more");
  if (top_k < 0) refuse("top-k", fmt::format("{}", top_k), "0 (all bytes) or more");
  share("top-p", top_p, false);
  share("min-p", min_p, true);
  share("typical-p", typical_p, false);
  share("epsilon-cutoff", epsilon_cutoff, true);
  share("eta-cutoff", eta_cutoff, true);
  if (min_keep < 1) refuse("min_tokens_to_keep", fmt::format("{}", min_keep), "1 or more");
}

ByteDraws::ByteDraws(std::uint64_t seed, std::string_view prompt, std::uint64_t occurrence)
    : key_(philox64(seed, hash_text(prompt), occurrence)) {}

double ByteDraws::uniform(std::int64_t word, std::int64_t byte) const {
  const std::uint64_t bits = philox64(key_, static_cast<std::uint64_t>(word), static_cast<std::uint64_t>(byte));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::vector<ByteDraws> draws_of(const std::vector<std::string>& prompts, std::uint64_t seed) {
  std::map<std::string_view, std::uint64_t> occurrences;
  std::vector<ByteDraws> draws;
  for (const std::string& prompt : prompts) draws.emplace_back(seed, prompt, occurrences[prompt]++);
  return draws;
}

std::size_t best_score(std::span<const double> scores) {
  std::size_t best = scores.size();
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > barred && (best == scores.size() || scores[i] > scores[best])) best = i;
  return best;
}

std::size_t draw_score(std::span<const double> scores, double uniform) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > barred) order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<double> weights;
  double total = 0;
  for (const std::size_t i : order) total += weights.emplace_back(std::exp(scores[i] - scores[order.front()]));
  double rest = uniform * total;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    rest -= weights[i];
    if (rest < 0) return order[i];
  }
  return order.back();
}

std::uint8_t choose_byte(std::span<const float> logits, const ByteSet& allowed, const SamplingOptions& options,
                         double uniform) {
  if (options.temperature <= 0) return most_likely(logits, allowed);
  std::array<double, 256> scores;
  for (std::size_t byte = 0; byte < scores.size(); ++byte) scores[byte] = allowed.test(byte) ? logits[byte] : barred;
  filter_scores(scores, options);
  return static_cast<std::uint8_t>(draw_score(scores, uniform));
}

}  // namespace welt
