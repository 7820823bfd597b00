// See sampler.h.
#include "core/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/error.h"
#include "core/base/philox.h"

namespace welt {
namespace {

// FNV-1a, 64 bits: stable on every machine.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : text) hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return hash;
}

struct Candidate {
  std::uint8_t byte;
  double weight;  // logit, then probability
};

std::uint8_t most_likely(std::span<const float> logits, const ByteSet& allowed) {
  std::size_t best = logits.size();
  for (std::size_t byte = 0; byte < logits.size(); ++byte)
    if (allowed.test(byte) && (best == logits.size() || logits[byte] > logits[best])) best = byte;
  return static_cast<std::uint8_t>(best);
}

}  // namespace

void SamplingOptions::check() const {
  if (!std::isfinite(temperature) || temperature < 0)
    fail({"temperature", fmt::format("{}", temperature), "0 (greedy) or more", {}});
  if (top_k < 0) fail({"top-k", fmt::format("{}", top_k), "0 (all bytes) or more", {}});
  if (!(top_p > 0 && top_p <= 1)) fail({"top-p", fmt::format("{}", top_p), "above 0, at most 1", {}});
}

ByteDraws::ByteDraws(std::uint64_t seed, std::string_view prompt, std::uint64_t occurrence)
    : key_(philox64(seed, hash_text(prompt), occurrence)) {}

double ByteDraws::uniform(std::int64_t word, std::int64_t byte) const {
  const std::uint64_t bits = philox64(key_, static_cast<std::uint64_t>(word), static_cast<std::uint64_t>(byte));
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::uint8_t choose_byte(std::span<const float> logits, const ByteSet& allowed, const SamplingOptions& options,
                         double uniform) {
  if (options.temperature <= 0) return most_likely(logits, allowed);
  std::vector<Candidate> list;
  for (std::size_t byte = 0; byte < logits.size(); ++byte)
    if (allowed.test(byte)) list.push_back({static_cast<std::uint8_t>(byte), logits[byte]});
  const auto heavier = [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.byte < b.byte;
  };
  std::ranges::sort(list, heavier);
  if (options.top_k > 0 && std::ssize(list) > options.top_k) list.resize(static_cast<std::size_t>(options.top_k));
  const double top = list.front().weight;
  double total = 0;
  for (Candidate& candidate : list)
    total += candidate.weight = std::exp((candidate.weight - top) / options.temperature);
  double kept = 0;
  std::size_t count = 0;
  while (count < list.size() && (count == 0 || kept < options.top_p * total)) kept += list[count++].weight;
  double rest = uniform * kept;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    rest -= list[i].weight;
    if (rest < 0) return list[i].byte;
  }
  return list[count - 1].byte;
}

}  // namespace welt
