// See trie.h.
#include "trie.h"

#include <utility>

namespace welt::words {

Trie::Trie() : first_(0x10000), slots_(1 << 16), shift_(64 - 16) {}

void Trie::insert(std::uint64_t key, std::uint32_t child) {
  std::uint64_t i = slot_of(key);
  while (slots_[i].child != none) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {key, child};
}

void Trie::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  --shift_;
  for (const Slot& slot : old)
    if (slot.child != none) insert(slot.key, slot.child);
}

std::uint32_t Trie::add(std::uint32_t node, char32_t c) {
  if (const std::uint32_t there = child(node, c); there != none) return there;
  if (nodes_ == max_nodes) return none;
  if (node == root && c < first_.size()) return first_[c] = nodes_++;
  if (used_ * 2u >= slots_.size()) grow();
  ++used_;
  insert(key_of(node, c), nodes_);
  return nodes_++;
}

}  // namespace welt::words
