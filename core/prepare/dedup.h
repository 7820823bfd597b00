// Texts that were there before: the same, or nearly so.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace welt {

// 128 bits of a text; the same on every machine.
struct TextHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const TextHash&) const = default;
};
TextHash hash_text(std::string_view text, std::uint64_t seed = 0);

// 64 minimum hashes of a text's shingles (five neighbouring words; all of them where there are fewer), by one
// permutation (Li, Owen, Zhang 2012) with empty bins filled from their neighbours (Shrivastava, Li 2014). The share of
// equal ones estimates the Jaccard index of two texts' shingles. `ends`: of the words in the text.
inline constexpr std::size_t sketch_size = 64;
using Sketch = std::array<std::uint16_t, sketch_size>;
Sketch sketch_text(std::string_view text, std::span<const std::uint64_t> ends);

// [one thread at a time] About 60 bytes a text that is no duplicate.
class ExactIndex {
 public:
  // False: it was there before.
  bool add(const TextHash& hash) { return seen_.insert(hash).second; }
  bool contains(const TextHash& hash) const { return seen_.contains(hash); }

 private:
  struct Take {
    std::size_t operator()(const TextHash& hash) const { return hash.low; }
  };
  std::unordered_set<TextHash, Take> seen_;
};

// Finds texts with a Jaccard index of about 0.8 or more to one that was added: 16 bands of 4 minimum hashes say which
// to compare. A band that a thousand texts share, of a page's frame for example, says nothing: texts behind them are
// found by their other bands. [one thread at a time] 260 to 520 bytes a text that is no duplicate, 640 while the tables
// grow; whatever the length of the texts.
class NearIndex {
 public:
  // False: one like it was there before, and it is not kept.
  bool add(const Sketch& sketch);
  bool contains(const Sketch& sketch) const;

 private:
  static constexpr std::size_t bands = 16, rows = sketch_size / bands;
  static constexpr std::size_t most_steps = 1024;  // through one band's slots, which are half free at least
  static std::uint64_t band_hash(const Sketch& sketch, std::size_t band);
  void place(std::size_t band, std::uint32_t text);
  void grow();
  std::vector<Sketch> sketches_;
  std::array<std::vector<std::uint32_t>, bands> slots_;  // open addressing; number of the text + 1, 0: free
};

}  // namespace welt
