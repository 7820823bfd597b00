// Clipped n-gram matches of two sequences of symbols, which BLEU and chrF are made of.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace welt {

// Numbers the distinct words of a pair of texts: 0, 1, … in the order they are first seen.
class WordNumbers {
 public:
  void clear();  // forgets all words
  std::uint32_t number(std::string_view word);
  // The numbers of `words`; replaces the content of `numbers`. The words must stay valid until clear().
  void number(std::span<const std::string_view> words, std::vector<std::uint32_t>& numbers);

 private:
  struct Slot {
    std::uint32_t round = 0, number = 0;
  };
  void grow();
  std::vector<Slot> slots_ = std::vector<Slot>(64);
  std::vector<std::string_view> words_;
  std::vector<std::size_t> hashes_;
  std::uint32_t round_ = 1;
};

// Exact (n-grams are numbered, never compared by hash alone) and linear: O((hypothesis + reference) · orders). Keeps
// its tables between calls, as large as the longest pair has needed: one object per thread.
class NgramMatcher {
 public:
  // matches[n−1] += Σ over distinct n-grams of min(occurrences in hypothesis, in reference), for n = 1 …
  // matches.size(). Symbols are any numbers.
  void count(std::span<const std::uint32_t> hypothesis, std::span<const std::uint32_t> reference,
             std::span<std::int64_t> matches);

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t round = 0, gram = 0;
  };
  // A place whose n-gram both sides have: only it can begin a longer one that both have.
  struct Place {
    std::uint32_t at, gram;
  };
  void begin_order(std::size_t keys);
  Slot& slot_of(std::uint64_t key);
  void number_reference(std::span<const std::uint32_t> reference, std::size_t order);
  std::int64_t match_hypothesis(std::span<const std::uint32_t> hypothesis, std::size_t order);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::uint32_t round_ = 0;
  std::vector<Place> hypothesis_, reference_;
  std::vector<std::uint32_t> left_;   // of each n-gram: occurrences in the reference that no match has used
  std::vector<std::uint8_t> shared_;  // the hypothesis has it too
};

// n-grams in a sequence of `length` symbols.
constexpr std::int64_t ngrams(std::size_t length, std::size_t n) {
  return length < n ? 0 : static_cast<std::int64_t>(length - n + 1);
}

}  // namespace welt
