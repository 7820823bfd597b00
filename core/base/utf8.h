// UTF-8 rules (Unicode Standard, table 3-7). No allocation, no locale, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace welt {

inline constexpr std::size_t utf8_ok = static_cast<std::size_t>(-1);

// Offset of the first byte that is not part of well-formed UTF-8, or utf8_ok.
std::size_t find_invalid_utf8(std::string_view text);

// Decodes the code point at `offset` (text must be well-formed from there) and moves `offset` behind it.
char32_t decode_utf8(std::string_view text, std::size_t& offset);

// Appends a code point. Surrogates and values above 10FFFF are an Error.
void append_utf8(std::string& text, char32_t code_point);

// The text with every maximal ill-formed part replaced, by U+FFFD unless said otherwise (Unicode's "substitution of
// maximal subparts").
std::string replace_invalid_utf8(std::string_view text, std::string_view replacement = "\xEF\xBF\xBD");

}  // namespace welt
