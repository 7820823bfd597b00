// How many different things there were, in bounded memory: distinct sampling (Gibbons 2001). Exact up to `most`
// different ones; beyond that only those are kept whose hash falls into a part of all hashes, which is halved each time
// the room runs out, so that counts of the kept ones stand for all.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace welt {

// Hashes are expected to be evenly spread. 24 bytes each, `most` at most. [one thread at a time]
class DistinctCounts {
 public:
  explicit DistinctCounts(std::size_t most) : most_(most), slots_(1024) {}

  void add(std::uint64_t hash) {
    if (!is_kept(hash)) return;
    Slot& slot = slot_of(hash);
    if (slot.count++ == 0) {
      slot.hash = hash;
      if (++size_ > most_) drop_half();
      if (size_ * 2 > slots_.size()) rebuild(slots_.size() * 2);
    }
  }

  bool is_exact() const { return level_ == 0; }
  std::int64_t distinct() const { return static_cast<std::int64_t>(size_) << level_; }
  // Those that were there before.
  std::int64_t repeated() const {
    std::int64_t sum = 0;
    for (const Slot& slot : slots_)
      if (slot.count > 0) sum += static_cast<std::int64_t>(slot.count) - 1;
    return sum << level_;
  }
  // One standard deviation of distinct(), as a share of it.
  double error() const { return is_exact() || size_ == 0 ? 0 : 1 / std::sqrt(static_cast<double>(size_)); }

 private:
  struct Slot {
    std::uint64_t hash = 0, count = 0;  // count 0: free
  };
  bool is_kept(std::uint64_t hash) const { return level_ == 0 || hash >> (64 - level_) == 0; }
  Slot& slot_of(std::uint64_t hash) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at].count > 0 && slots_[at].hash != hash) at = (at + 1) & mask;
    return slots_[at];
  }
  void drop_half() {
    ++level_;
    rebuild(slots_.size());
  }
  void rebuild(std::size_t size) {
    std::vector<Slot> old(size);
    old.swap(slots_);
    size_ = 0;
    for (const Slot& slot : old) {
      if (slot.count == 0 || !is_kept(slot.hash)) continue;
      slot_of(slot.hash) = slot;
      ++size_;
    }
  }

  std::size_t most_, size_ = 0;
  int level_ = 0;
  std::vector<Slot> slots_;
};

}  // namespace welt
