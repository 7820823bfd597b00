// The rows of several files in the order of `datasets` 5.0.1's streaming shuffle: files shuffled, read in up to ten
// groups that take turns row by row, then a buffer out of which rows are drawn.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/data/rows.h"
#include "core/prepare/pcg64.h"

namespace welt {

// Holds the buffer's rows in memory, and opens at most ten files at once. [one thread at a time]
class RowShuffle {
 public:
  RowShuffle(std::vector<std::filesystem::path> files, std::uint64_t seed, std::size_t buffer);
  // False at the end. Throws Error as RowReader does.
  bool next(RawRow& row);

 private:
  struct Group {
    std::deque<std::filesystem::path> files;  // still to be opened
    std::unique_ptr<RowReader> reader;        // null: none open
  };
  bool read(RawRow& row);
  std::size_t pick();

  std::vector<Group> groups_;
  std::size_t turn_ = 0;
  Pcg64 random_;
  std::size_t buffer_size_;
  std::vector<RawRow> buffer_;
  std::vector<std::uint32_t> picks_;  // drawn ahead, the next one last
  bool drains_ = false;
  std::size_t drained_ = 0;
};

}  // namespace welt
