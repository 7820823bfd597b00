// A regular expression as a tree: what regex_parse.cpp makes and regex_compile.cpp turns into a program.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "char_set.h"

namespace welt::tokenizers {

enum class Assertion : std::uint8_t {
  line_begin,
  line_end,
  text_begin,
  text_end,
  text_end_or_newline,
  border,
  no_border
};

inline constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

struct RegexNode {
  enum class Kind : std::uint8_t { set, sequence, alternatives, repeat, look_ahead, look_behind, atomic, assertion };
  Kind kind = Kind::sequence;  // without children: matches the empty text
  CharSet set;
  std::vector<RegexNode> children;
  std::uint32_t min = 0, max = 0;  // repeat
  bool greedy = true;              // repeat
  bool negative = false;           // look_ahead, look_behind
  Assertion assertion{};
};

// Oniguruma's syntax, as far as regex.h says. Throws Failure that names `where` and the byte of the pattern.
RegexNode parse_regex(std::string_view pattern, std::string_view where);

}  // namespace welt::tokenizers
