// The tokens of a model and their ids: texts in one block, and a table with open addressing. The table itself has the
// first bytes of each token and its id: most questions are answered by one look at memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "table_memory.h"
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
      places_[place(token)] = {first_bytes(token), i, short_size(token), entries_[i].id};
    }
    entries_.reserve(count);
    texts_.reserve(count * usual_size);
  }

  // A token that is there already gets the new id. Of less than 2^24 tokens.
  void set(std::string_view token, std::int32_t id) {
    if (2 * (entries_.size() + 1) > places_.size()) reserve(2 * (entries_.size() + 1));
    Place& slot = places_[place(token)];
    if (slot.entry != free) {
      slot.id = entries_[slot.entry].id = id;
      return;
    }
    slot = {first_bytes(token), static_cast<std::uint32_t>(entries_.size()) & free, short_size(token), id};
    entries_.push_back({texts_.size(), static_cast<std::uint32_t>(token.size()), id});
    texts_ += token;
    longest_ = std::max(longest_, token.size());
  }

  std::int32_t find(std::string_view token) const {  // -1: not there
    if (token.size() > longest_ || places_.empty()) return -1;
    const Place& slot = places_[place(token)];
    return slot.entry == free ? -1 : slot.id;
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
  static constexpr std::uint32_t free = (1U << 24) - 1;
  static constexpr std::size_t usual_size = 8;  // bytes of a token, more or less

  struct Place {
    std::uint64_t head = 0;
    std::uint32_t entry : 24 = free;
    std::uint32_t size : 8 = 0;
    std::int32_t id = -1;
  };
  static std::uint32_t short_size(std::string_view token) {  // 255: that, or more
    return static_cast<std::uint32_t>(std::min<std::size_t>(token.size(), 255));
  }

  std::size_t place(std::string_view token) const {
    const std::size_t mask = places_.size() - 1;
    const std::uint64_t head = first_bytes(token);
    const std::uint32_t size = short_size(token);
    const auto is_other = [&](const Place& slot) {
      if (slot.head != head || slot.size != size) return true;
      constexpr std::size_t known = sizeof head;
      return size > known && text(entries_[slot.entry]).substr(known) != token.substr(known);
    };
    std::size_t at = hash_of(token) & mask;
    while (places_[at].entry != free && is_other(places_[at])) at = (at + 1) & mask;
    return at;
  }

  std::string texts_;
  std::vector<Entry> entries_;
  Table<Place> places_;
  std::size_t longest_ = 0;
};

}  // namespace welt::tokenizers
