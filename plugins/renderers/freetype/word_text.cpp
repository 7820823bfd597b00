// See word_text.h.
#include "word_text.h"

#include <unicode/utf8.h>

#include <cstdint>
#include <string>
#include <welt/sdk/base.hpp>

namespace welt::freetype {
namespace {

char32_t visible(char32_t character) {
  if (character < 0x20) return 0x2400 + character;
  return character == 0x7F ? 0x2421 : character;
}

[[noreturn]] void refuse(std::string_view word, std::int32_t at) {
  static constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<std::uint8_t>(word[static_cast<std::size_t>(at)]);
  throw sdk::invalid("the word is not UTF-8: byte " + std::to_string(at) + " (" + digits[byte >> 4] +
                     digits[byte & 15] + ") fits no character; expected well-formed UTF-8");
}

}  // namespace

void decode_word(std::string_view word, std::vector<char32_t>& out) {
  if (word.size() > longest_word) {
    throw sdk::invalid("a word of " + std::to_string(word.size()) + " bytes; a renderer takes at most " +
                       std::to_string(longest_word) + ". The segmenter's max_bytes cuts longer ones");
  }
  out.clear();
  out.reserve(word.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(word.data());
  const auto size = static_cast<std::int32_t>(word.size());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t start = at;
    std::int32_t character = 0;
    U8_NEXT(bytes, at, size, character);
    if (character < 0) refuse(word, start);
    out.push_back(visible(static_cast<char32_t>(character)));
  }
}

}  // namespace welt::freetype
