// See ngram_matcher.h.
#include "core/metrics/ngram_matcher.h"

#include <algorithm>
#include <bit>
#include <functional>

#include "core/base/error.h"

namespace welt {
namespace {

// Positions and numbers have 32 bits here.
constexpr std::size_t most_symbols = std::size_t{1} << 31;

// Mixes all bits into the low ones (the finaliser of SplitMix64, Steele et al. 2014).
std::uint64_t mixed(std::uint64_t key) {
  key = (key ^ key >> 30) * 0xBF58476D1CE4E5B9ULL;
  key = (key ^ key >> 27) * 0x94D049BB133111EBULL;
  return key ^ key >> 31;
}

}  // namespace

void WordNumbers::clear() {
  words_.clear();
  hashes_.clear();
  if (++round_ != 0) return;
  slots_.assign(slots_.size(), {});
  round_ = 1;
}

std::uint32_t WordNumbers::number(std::string_view word) {
  const std::size_t hash = std::hash<std::string_view>{}(word), mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  for (; slots_[at].round == round_; at = (at + 1) & mask) {
    const std::uint32_t number = slots_[at].number;
    if (hashes_[number] == hash && words_[number] == word) return number;
  }
  const auto number = static_cast<std::uint32_t>(words_.size());
  slots_[at] = {round_, number};
  words_.push_back(word);
  hashes_.push_back(hash);
  if (words_.size() * 2 > slots_.size()) grow();
  return number;
}

void WordNumbers::grow() {
  slots_.assign(slots_.size() * 2, {});
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t number = 0; number < words_.size(); ++number) {
    std::size_t at = hashes_[number] & mask;
    while (slots_[at].round == round_) at = (at + 1) & mask;
    slots_[at] = {round_, number};
  }
}

void WordNumbers::number(std::span<const std::string_view> words, std::vector<std::uint32_t>& numbers) {
  numbers.clear();
  for (const std::string_view word : words) numbers.push_back(number(word));
}

void NgramMatcher::begin_order(std::size_t keys) {
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(keys * 2, 16));
  if (size > slots_.size()) slots_.resize(size);
  mask_ = size - 1;
  left_.clear();
  if (++round_ != 0) return;
  slots_.assign(slots_.size(), {});
  round_ = 1;
}

NgramMatcher::Slot& NgramMatcher::slot_of(std::uint64_t key) {
  std::size_t at = mixed(key) & mask_;
  while (slots_[at].round == round_ && slots_[at].key != key) at = (at + 1) & mask_;
  return slots_[at];
}

// An n-gram is the (n−1)-gram at its beginning and one symbol more.
void NgramMatcher::number_reference(std::span<const std::uint32_t> reference, std::size_t order) {
  std::size_t kept = 0;
  for (const Place place : reference_) {
    if ((order > 1 && shared_[place.gram] == 0) || place.at + order > reference.size()) continue;
    const std::uint64_t key = std::uint64_t{place.gram} << 32 | reference[place.at + order - 1];
    Slot& slot = slot_of(key);
    if (slot.round != round_) {
      slot = {key, round_, static_cast<std::uint32_t>(left_.size())};
      left_.push_back(0);
    }
    ++left_[slot.gram];
    reference_[kept++] = {place.at, slot.gram};
  }
  reference_.resize(kept);
}

std::int64_t NgramMatcher::match_hypothesis(std::span<const std::uint32_t> hypothesis, std::size_t order) {
  std::int64_t matches = 0;
  std::size_t kept = 0;
  shared_.assign(left_.size(), 0);
  for (const Place place : hypothesis_) {
    if (place.at + order > hypothesis.size()) continue;
    const Slot& slot = slot_of(std::uint64_t{place.gram} << 32 | hypothesis[place.at + order - 1]);
    if (slot.round != round_) continue;
    shared_[slot.gram] = 1;
    if (left_[slot.gram] > 0) {
      --left_[slot.gram];
      ++matches;
    }
    hypothesis_[kept++] = {place.at, slot.gram};
  }
  hypothesis_.resize(kept);
  return matches;
}

void NgramMatcher::count(std::span<const std::uint32_t> hypothesis, std::span<const std::uint32_t> reference,
                         std::span<std::int64_t> matches) {
  for (const auto& side : {hypothesis, reference}) {
    if (side.size() >= most_symbols)
      fail({"metrics", fmt::format("a text of {} symbols", side.size()), fmt::format("less than {}", most_symbols)},
           ErrorCode::resource_exhausted);
  }
  const auto begin = [](std::size_t size, std::vector<Place>& places) {
    places.resize(size);
    for (std::uint32_t at = 0; at < size; ++at) places[at] = {at, 0};
  };
  begin(hypothesis.size(), hypothesis_);
  begin(reference.size(), reference_);
  for (std::size_t order = 1; order <= matches.size() && !hypothesis_.empty(); ++order) {
    begin_order(reference_.size());
    number_reference(reference, order);
    matches[order - 1] += match_hypothesis(hypothesis, order);
  }
}

}  // namespace welt
