// The merges as a hash table with open addressing: (left id, right id) → rank and new id.
#pragma once

#include <cstdint>

#include "table_memory.h"

namespace welt::tokenizers {

class PairTable {
 public:
  struct Entry {
    std::uint64_t pair;  // left << 32 | right; `free`: nothing here
    std::uint32_t rank;
    std::int32_t id;
  };

  // Room for `count` pairs; set() makes more where it is too little.
  void reserve(std::size_t count) {
    std::size_t size = entries_.size();
    while (size < count * 2) size *= 2;
    if (size == entries_.size()) return;
    Table<Entry> old(size, {free, 0, 0});
    old.swap(entries_);
    for (const Entry& entry : old)
      if (entry.pair != free) entries_[slot(entry.pair)] = entry;
  }

  // A pair that is there already is replaced.
  void set(std::int32_t left, std::int32_t right, std::uint32_t rank, std::int32_t id) {
    const std::uint64_t pair = key(left, right);
    std::size_t at = slot(pair);
    if (entries_[at].pair == free) {
      if (2 * ++used_ > entries_.size()) {
        reserve(2 * used_);
        at = slot(pair);
      }
    }
    entries_[at] = {pair, rank, id};
  }

  // Before set(), some work earlier: where it writes is fetched meanwhile.
  void prefetch(std::int32_t left, std::int32_t right) const {
    __builtin_prefetch(&entries_[place(key(left, right))], 1);
  }

  // Null: the two do not merge.
  const Entry* find(std::int32_t left, std::int32_t right) const {
    const std::uint64_t pair = key(left, right);
    for (std::size_t at = place(pair);; at = (at + 1) & (entries_.size() - 1)) {
      if (entries_[at].pair == pair) return &entries_[at];
      if (entries_[at].pair == free) return nullptr;
    }
  }

 private:
  static constexpr std::uint64_t free = ~std::uint64_t{0};
  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
  }
  std::size_t place(std::uint64_t pair) const {
    pair *= 0x9E3779B97F4A7C15u;
    pair ^= pair >> 29;
    pair *= 0xBF58476D1CE4E5B9u;
    return (pair ^ pair >> 32) & (entries_.size() - 1);
  }

  // Of the pair, or the free one where it would be.
  std::size_t slot(std::uint64_t pair) const {
    std::size_t at = place(pair);
    while (entries_[at].pair != free && entries_[at].pair != pair) at = (at + 1) & (entries_.size() - 1);
    return at;
  }

  Table<Entry> entries_{16, {free, 0, 0}};  // a power of two of them
  std::size_t used_ = 0;
};

}  // namespace welt::tokenizers
