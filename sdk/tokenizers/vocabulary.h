// The tokens of a model and their ids: texts in one block, and a table with open addressing. The table itself has the
// first bytes of each token: most questions are answered by one look at memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text_hash.h"

namespace welt::tokenizers {

class Vocabulary {
 public:
  struct Entry {
    std::uint64_t begin;
    std::uint32_t size;
    std::int32_t id;
  };

  void reserve(std::size_t count) {
    std::size_t size = 16;
    while (size < count * 2) size *= 2;
    if (size <= places_.size()) return;
    places_.assign(size, Place{});
    for (std::uint32_t i = 0; i < entries_.size(); ++i) {
      const std::string_view token = text(entries_[i]);
      places_[place(token)] = {first_bytes(token), entries_[i].size, i};
    }
    entries_.reserve(count);
  }

  // A token that is there already gets the new id.
  void set(std::string_view token, std::int32_t id) {
    if (2 * (entries_.size() + 1) > places_.size()) reserve(2 * (entries_.size() + 1));
    Place& slot = places_[place(token)];
    if (slot.entry != free) {
      entries_[slot.entry].id = id;
      return;
    }
    const auto size = static_cast<std::uint32_t>(token.size());
    slot = {first_bytes(token), size, static_cast<std::uint32_t>(entries_.size())};
    entries_.push_back({texts_.size(), size, id});
    texts_ += token;
    longest_ = std::max(longest_, token.size());
  }

  std::int32_t find(std::string_view token) const {  // -1: not there
    if (token.size() > longest_ || places_.empty()) return -1;
    const std::uint32_t entry = places_[place(token)].entry;
    return entry == free ? -1 : entries_[entry].id;
  }

  // Before find(), some work earlier: what it looks at is fetched meanwhile.
  void prefetch(std::string_view token) const {
    if (!places_.empty()) __builtin_prefetch(&places_[hash_of(token) & (places_.size() - 1)]);
  }

  // As find(), for tokens that mostly come as they stand here, some of them several times in a row: `near` is where the
  // last one was, and the table is asked only where neither that nor the next one is meant.
  std::int32_t find_near(std::string_view token, std::size_t& near) const {
    for (std::size_t at = near; at < std::min(near + 2, entries_.size()); ++at) {
      if (text(entries_[at]) != token) continue;
      near = at;
      return entries_[at].id;
    }
    if (token.size() > longest_ || places_.empty()) return -1;
    const std::uint32_t entry = places_[place(token)].entry;
    if (entry == free) return -1;
    near = entry;
    return entries_[entry].id;
  }

  std::size_t size() const { return entries_.size(); }
  std::size_t longest() const { return longest_; }  // bytes
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view text(const Entry& entry) const { return std::string_view(texts_).substr(entry.begin, entry.size); }

 private:
  static constexpr std::uint32_t free = ~std::uint32_t{0};

  struct Place {
    std::uint64_t head = 0;
    std::uint32_t size = 0, entry = free;
  };

  std::size_t place(std::string_view token) const {
    const std::size_t mask = places_.size() - 1;
    const std::uint64_t head = first_bytes(token);
    const auto is_other = [&](const Place& slot) {
      if (slot.head != head || slot.size != token.size()) return true;
      constexpr std::size_t known = sizeof head;
      return slot.size > known && text(entries_[slot.entry]).substr(known) != token.substr(known);
    };
    std::size_t at = hash_of(token) & mask;
    while (places_[at].entry != free && is_other(places_[at])) at = (at + 1) & mask;
    return at;
  }

  std::string texts_;
  std::vector<Entry> entries_;
  std::vector<Place> places_;
  std::size_t longest_ = 0;
};

}  // namespace welt::tokenizers
