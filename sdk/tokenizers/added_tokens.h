// The `added_tokens` of a tokenizer.json: texts that become one token whatever stands around them.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "char_set.h"
#include "json_reader.h"
#include "normalizer.h"

namespace welt::tokenizers {

class Model;

struct AddedToken {
  std::string content;
  bool single_word, lstrip, rstrip, normalized, special;
};

// Immutable, any thread.
class AddedTokens {
 public:
  // Ids are given as the library tokenizers gives them: the vocabulary's, else the next free one; those in the file are
  // not looked at. Throws Failure naming the JSON path.
  AddedTokens(const JsonNode& list, const Model& model, const Normalizer& normalizer);

  struct Found {
    std::size_t begin, end;  // with the white space that it strips
    std::int32_t id;
  };
  // Tokens in a text, from left to right: of those that are looked for before normalization, or after it. Returns from
  // where on more text could change what was found (the size of the text: nowhere).
  std::size_t find(std::string_view text, bool normalized, std::vector<Found>& found) const;

  // Some are looked for after normalization.
  bool has_normalized() const { return after_.first.any(); }
  // What stands before a token counts: see AddedToken::single_word.
  bool look_back() const { return has_single_word_; }
  bool is_word_character(char32_t c) const { return word_ && word_->contains(c); }
  // With their ids, in no order.
  const std::unordered_map<std::int32_t, AddedToken>& by_id() const { return by_id_; }
  // `word` is a token of its own whatever follows.
  bool is_closed(std::string_view word) const;

 private:
  struct Set {  // a trie; node 0 is its root
    std::bitset<256> first;
    std::unordered_map<std::uint64_t, std::uint32_t> edges;  // node << 8 | byte → node
    std::vector<std::int32_t> ids{-1};                       // by node; -1: no token ends here
    std::vector<std::uint8_t> inner{0};                      // by node: tokens go on
    bool lstrips = false;
  };
  struct Walk {
    std::int32_t id;   // of the longest token, or -1
    std::size_t end;   // where it ends
    bool reached_end;  // the text ended inside a longer token
    std::size_t steps;
  };

  const Set& set(bool normalized) const { return normalized ? after_ : before_; }
  void insert(Set& set, std::string_view pattern, std::int32_t id);
  static Walk walk(const Set& set, std::string_view text, std::size_t begin);
  bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) const;
  std::size_t without_space_before(std::string_view text, std::size_t end) const;
  std::size_t with_space_behind(std::string_view text, std::size_t begin) const;

  Set before_, after_;
  std::unordered_map<std::int32_t, AddedToken> by_id_;
  std::optional<CharTable> word_;  // where one of the tokens has to stand alone: to make it takes a while
  CharTable space_;
  bool has_single_word_ = false;
};

}  // namespace welt::tokenizers
