// See utf8.h.
#include "core/base/utf8.h"

#include <cstring>

#include "core/base/error.h"

namespace welt {
namespace {

struct Part {
  std::size_t size;  // of the well-formed sequence, or of the maximal ill-formed part (at least 1)
  bool well_formed;
};

// The part that begins at `offset` (which is inside the text). Table 3-7: the first byte fixes the length and the range
// of the second byte; all later ones are 80..BF.
Part part_at(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(offset);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF)
    length = 2;
  else if (first >= 0xE0 && first <= 0xEF)
    length = 3;
  else if (first >= 0xF0 && first <= 0xF4)
    length = 4;
  else
    return {1, false};
  if (first == 0xE0) low = 0xA0;   // shorter forms
  if (first == 0xED) high = 0x9F;  // surrogates
  if (first == 0xF0) low = 0x90;   // shorter forms
  if (first == 0xF4) high = 0x8F;  // above 10FFFF
  for (std::size_t i = 1; i < length; ++i) {
    if (offset + i >= text.size() || byte(offset + i) < low || byte(offset + i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    std::uint64_t eight = 0;
    if (text.size() - offset >= sizeof(eight)) {
      std::memcpy(&eight, text.data() + offset, sizeof(eight));
      if ((eight & 0x8080808080808080ULL) == 0) {  // eight ASCII bytes at once
        offset += sizeof(eight);
        continue;
      }
    }
    const Part part = part_at(text, offset);
    if (!part.well_formed) return offset;
    offset += part.size;
  }
  return utf8_ok;
}

char32_t decode_utf8(std::string_view text, std::size_t& offset) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[offset + i])); };
  const std::size_t size = part_at(text, offset).size;
  char32_t code_point = byte(0);
  if (size == 2) code_point &= 0x1F;
  if (size == 3) code_point &= 0x0F;
  if (size == 4) code_point &= 0x07;
  for (std::size_t i = 1; i < size; ++i) code_point = code_point << 6 | (byte(i) & 0x3F);
  offset += size;
  return code_point;
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto add = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  const auto tail = [&](int shift) { add(0x80 | (code_point >> shift & 0x3F)); };
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
    fail({"", fmt::format("U+{:04X} has no UTF-8 form", static_cast<std::uint32_t>(code_point)),
          "a code point up to U+10FFFF that is no surrogate"});
  if (code_point < 0x80) {
    add(code_point);
  } else if (code_point < 0x800) {
    add(0xC0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    add(0xE0 | code_point >> 12);
    tail(6);
    tail(0);
  } else {
    add(0xF0 | code_point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string replace_invalid_utf8(std::string_view text, std::string_view replacement) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t offset = 0; offset < text.size();) {
    const Part part = part_at(text, offset);
    if (part.well_formed)
      result += text.substr(offset, part.size);
    else
      result += replacement;
    offset += part.size;
  }
  return result;
}

}  // namespace welt
