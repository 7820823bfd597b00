// Which bytes of a range are taken. Numbers alone: the range's memory is the caller's.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace welt {

// Cuts the smallest free block that suffices, of several the first; blocks that come back and lie side by side are one
// again. Not for two threads at once.
class BlockArena {
 public:
  explicit BlockArena(std::size_t capacity);
  // Where `size` > 0 bytes begin; none where no free block is as large.
  std::optional<std::size_t> take(std::size_t size);
  // Of a block that was taken and not given back since.
  void give_back(std::size_t begin);
  std::size_t free_blocks() const { return free_.size(); }

 private:
  using Free = std::map<std::size_t, std::size_t>;  // begin → size
  void add(std::size_t begin, std::size_t size);
  void remove(Free::const_iterator block);

  Free free_;
  std::set<std::pair<std::size_t, std::size_t>> by_size_;  // (size, begin) of the same blocks
  std::unordered_map<std::size_t, std::size_t> taken_;     // begin → size
};

}  // namespace welt
