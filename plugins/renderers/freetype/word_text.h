// A word's bytes as the characters that are drawn: UTF-8 decoded and checked, control characters as control pictures.
#pragma once

#include <string_view>
#include <vector>

namespace welt::freetype {

// Replaces the content of `out`. 00–1F become U+2400–241F, 7F becomes U+2421; white space that is a control character
// (tab, line feed, …) is among them. Throws Failure for text that is not UTF-8, naming the byte, and for more than
// longest_word bytes.
void decode_word(std::string_view word, std::vector<char32_t>& out);

inline constexpr std::size_t longest_word = std::size_t{1} << 20;

}  // namespace welt::freetype
