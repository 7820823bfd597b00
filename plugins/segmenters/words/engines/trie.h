// A prefix tree over code points: the word lists of jieba and newmm.
#pragma once

#include <cstdint>
#include <vector>

namespace welt::words {

// Nodes are numbered as they come, the root is 0. Children are found in one hash table keyed by parent and character
// (open addressing), those of the root for the first 65,536 characters in a table of their own.
// [concurrent: child(); add() is for the thread that builds]
class Trie {
 public:
  static constexpr std::uint32_t root = 0;
  static constexpr std::uint32_t none = 0;             // the root is nobody's child
  static constexpr std::uint32_t max_nodes = 1 << 23;  // 200 MB

  Trie();

  // The child of `node` by `c`, made if it is not there. `none` when there are max_nodes.
  std::uint32_t add(std::uint32_t node, char32_t c);

  std::uint32_t child(std::uint32_t node, char32_t c) const {
    if (node == root && c < first_.size()) return first_[c];
    const std::uint64_t key = key_of(node, c);
    for (std::uint64_t i = slot_of(key);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.child == none || slot.key == key) return slot.child;
    }
  }

  std::uint32_t size() const { return nodes_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t child = none;
  };

  static std::uint64_t key_of(std::uint32_t node, char32_t c) { return std::uint64_t{node} << 21 | c; }
  std::uint64_t slot_of(std::uint64_t key) const { return key * 0x9E3779B97F4A7C15u >> shift_; }
  void insert(std::uint64_t key, std::uint32_t child);
  void grow();

  std::vector<std::uint32_t> first_;
  std::vector<Slot> slots_;  // a power of two, at most half full
  int shift_ = 0;
  std::uint32_t nodes_ = 1;
  std::uint32_t used_ = 0;
};

}  // namespace welt::words
