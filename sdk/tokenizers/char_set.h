// Sets of code points, and the named ones: general categories as the library tokenizers knows them, scripts and binary
// properties as ICU does. Built while a tokenizer.json is read; CharTable is the form that is fast to ask.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace welt::tokenizers {

inline constexpr char32_t last_code_point = 0x10FFFF;

// Sorted, disjoint ranges, both ends in.
class CharSet {
 public:
  struct Range {
    char32_t first, last;
    bool operator==(const Range&) const = default;
  };

  CharSet() = default;
  CharSet(char32_t first, char32_t last) : ranges_{{first, last}} {}

  void add(char32_t first, char32_t last);
  void add(const CharSet& other);
  void intersect(const CharSet& other);
  void invert();
  // Adds every character that equals one of the set but for its case (simple case folding).
  void close_over_case();

  const std::vector<Range>& ranges() const { return ranges_; }
  bool contains(char32_t c) const;
  bool operator==(const CharSet&) const = default;

 private:
  std::vector<Range> ranges_;
};

CharSet white_space();      // Unicode's White_Space
CharSet word_characters();  // what \w matches
// What \w matches in Rust's regular expressions, which the library uses for added tokens: without ½, with the joiners.
CharSet rust_word_characters();
// General categories by ICU's masks (U_GC_L_MASK …).
CharSet categories(std::uint32_t mask);
// Without the characters that came after version `major` of Unicode: parts of the library go by tables of 8 and 9.
CharSet as_of_unicode(int major, const CharSet& set);
bool is_of_unicode(int major, char32_t c);  // assigned by then
// What \p{name} matches, or nothing for an unknown name. Case, spaces, - and _ in it do not count.
std::optional<CharSet> named_set(std::string_view name);

// One look-up a question: a bit for each character up to FFFF, ranges above.
class CharTable {
 public:
  explicit CharTable(const CharSet& set);
  bool contains(char32_t c) const { return c < 0x10000 ? (bits_[c >> 6] >> (c & 63) & 1) != 0 : above_.contains(c); }

 private:
  std::array<std::uint64_t, 1024> bits_{};
  CharSet above_;
};

}  // namespace welt::tokenizers
