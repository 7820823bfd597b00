// Levenshtein distance: the fewest insertions, deletions and substitutions that turn one sequence into the other.
//
// Bit-parallel (Myers 1999, in the blocks of Hyyrö 2003), 64 cells at a time, within a band that is widened until it
// holds the answer (Ukkonen 1985): O(n · m / 64) steps, for like sequences O(n · distance / 64). Two unrelated texts of
// 100,000 characters take about 0.6 s; memory is O(n + largest symbol).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace welt {

// Keeps its tables between calls: one object per thread.
class EditDistance {
 public:
  // Symbols are any numbers below 2^24 (a table that long is kept). Throws Error (resource_exhausted) when it would
  // take more than 2^32 steps of 64 cells, some 15 s: two unrelated sequences of about 500,000 symbols.
  std::int64_t operator()(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

 private:
  using Sequence = std::span<const std::uint32_t>;
  std::int64_t least(Sequence a, Sequence b);
  std::int64_t within(Sequence rows, Sequence columns, std::int64_t band);
  void block(Sequence rows, Sequence columns, std::uint8_t* border);

  std::vector<std::uint64_t> masks_;   // of each symbol: its rows in the current block; all 0 between blocks
  std::vector<std::int32_t> counts_;   // of each symbol; all 0 between calls
  std::vector<std::uint8_t> borders_;  // of each column: what its lower border gains over the column before
};

}  // namespace welt
