// The rule that cuts text into words. Knows nothing of the ABI: plugin.cpp puts it behind welt.segmenter/1.
//
// A word ends behind a separator: "one two  three" is "one ", "two ", " ", "three". A word that is longer than a limit
// is cut in front of a character that is no mark.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace my_plugin_model {

struct Limits {
  std::uint64_t max_bytes, max_characters;  // 0: no limit
  std::uint64_t max_lookahead;              // bytes held back at most
};
inline constexpr std::uint64_t default_lookahead = 4096;

class Rule {
 public:
  // One or more ASCII characters, so that no other character has one inside; else throws Failure naming the key.
  explicit Rule(std::string_view separators);

  // The end of the word that begins at `begin`, in well-formed text; `begin` itself: more text could change it. [any]
  std::uint64_t word_end(std::string_view text, std::uint64_t begin, bool is_final, const Limits& limits) const;

  // Can nothing be added to `word`? [any]
  bool is_whole(std::string_view word) const;

 private:
  std::string separators_;
};

// The first byte that fits no character of UTF-8; text.size(): there is none. Before the end of the whole text, a
// character may be cut off by the end of `text`. [any]
std::uint64_t find_wrong_byte(std::string_view text, bool is_final);

}  // namespace my_plugin_model
