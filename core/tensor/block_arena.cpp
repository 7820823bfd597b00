// See block_arena.h.
#include "core/tensor/block_arena.h"

#include <iterator>

namespace welt {

BlockArena::BlockArena(std::size_t capacity) {
  if (capacity > 0) add(0, capacity);
}

void BlockArena::add(std::size_t begin, std::size_t size) {
  free_.emplace(begin, size);
  by_size_.emplace(size, begin);
}

void BlockArena::remove(Free::const_iterator block) {
  by_size_.erase({block->second, block->first});
  free_.erase(block);
}

std::optional<std::size_t> BlockArena::take(std::size_t size) {
  const auto smallest = by_size_.lower_bound({size, 0});
  if (smallest == by_size_.end()) return std::nullopt;
  const auto [whole, begin] = *smallest;
  remove(free_.find(begin));
  if (whole > size) add(begin + size, whole - size);
  taken_.emplace(begin, size);
  return begin;
}

void BlockArena::give_back(std::size_t begin) {
  const auto taken = taken_.find(begin);
  std::size_t size = taken->second;
  taken_.erase(taken);
  auto next = free_.lower_bound(begin);
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == begin) {
      begin = before->first;
      size += before->second;
      remove(before);
    }
  }
  if (next != free_.end() && next->first == begin + size) {
    size += next->second;
    remove(next);
  }
  add(begin, size);
}

}  // namespace welt
