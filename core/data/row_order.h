// In which order the rows of one or several sources are trained on: a mixture in fixed shares, endlessly, of which any
// position is found again from two numbers.
//
// The rows of a source come in passes: in each all of them, window by window in a new order, shuffled anew within each
// window. An epoch takes so many rows of each source (a part of a pass, or several passes), spread evenly over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace welt {

struct RowsOfSource {
  std::vector<std::uint64_t> windows;  // rows of each
  std::uint64_t per_epoch = 0;
  std::uint64_t rows() const;
};

class RowOrder {
 public:
  struct Place {
    std::size_t source = 0, window = 0;
    std::uint64_t row = 0;  // of the window
    bool operator==(const Place&) const = default;
  };

  // Without `shuffle`: windows and rows as they come. Everything follows from the arguments.
  RowOrder(std::vector<RowsOfSource> sources, std::uint64_t seed, bool shuffle);

  std::uint64_t rows() const { return total_; }  // of an epoch

  // The row at place `index` (below rows()) of an epoch. Fast for one after the other. [any thread]
  Place at(std::uint64_t epoch, std::uint64_t index) const;

 private:
  struct Pass {
    bool known = false;
    std::uint64_t number = 0;
    std::vector<std::uint32_t> windows;    // in the pass's order
    std::vector<std::uint64_t> begins;     // of each of these, and the end: rows of the pass
    std::size_t window = 0;                // of `rows`, place in `windows`
    std::vector<std::uint32_t> rows = {};  // in the pass's order
  };
  std::size_t next_source() const;
  void seek(std::uint64_t index) const;
  Place place(std::size_t source, std::uint64_t position) const;
  void begin_pass(std::size_t source, std::uint64_t number) const;
  void enter(std::size_t source, std::size_t window) const;
  std::uint64_t key(std::size_t source, std::uint64_t pass) const;

  std::vector<RowsOfSource> sources_;
  std::uint64_t seed_, total_ = 0;
  bool shuffle_;
  mutable std::mutex mutex_;
  mutable std::uint64_t index_ = 0;           // of an epoch: where the next counters belong to
  mutable std::vector<std::uint64_t> taken_;  // of each source, before index_
  mutable std::vector<Pass> passes_;          // of each source, the last one looked at
};

}  // namespace welt
