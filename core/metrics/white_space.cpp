// See white_space.h.
#include "core/metrics/white_space.h"

#include "core/base/utf8.h"

namespace welt {
namespace {

constexpr bool is_ascii_space(std::uint8_t c) { return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20); }

constexpr bool is_wide_space(std::uint8_t a, std::uint8_t b, std::uint8_t c) {
  if (a == 0xE1) return b == 0x9A && c == 0x80;                     // U+1680
  if (a == 0xE3) return b == 0x80 && c == 0x80;                     // U+3000
  if (a != 0xE2) return false;                                      //
  if (b == 0x81) return c == 0x9F;                                  // U+205F
  return b == 0x80 && (c <= 0x8A || (c | 1) == 0xA9 || c == 0xAF);  // U+2000 … 200A, 2028, 2029, 202F
}

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

}  // namespace

std::size_t white_space_at(std::string_view text, std::size_t at) {
  const std::uint8_t first = byte_at(text, at);
  if (first < 0x80) return is_ascii_space(first) ? 1 : 0;
  if (first == 0xC2 && at + 1 < text.size()) {
    const std::uint8_t second = byte_at(text, at + 1);
    return second == 0x85 || second == 0xA0 ? 2 : 0;
  }
  if (first < 0xE1 || first > 0xE3 || at + 2 >= text.size()) return 0;
  return is_wide_space(first, byte_at(text, at + 1), byte_at(text, at + 2)) ? 3 : 0;
}

std::size_t white_space_before(std::string_view text, std::size_t end) {
  for (std::size_t size = 1; size <= 3 && size <= end; ++size) {
    if ((byte_at(text, end - size) & 0xC0) != 0x80) return white_space_at(text.substr(0, end), end - size);
  }
  return 0;
}

std::string_view strip_end(std::string_view text) {
  while (!text.empty()) {
    const std::size_t space = white_space_before(text, text.size());
    if (space == 0) break;
    text.remove_suffix(space);
  }
  return text;
}

std::string_view strip(std::string_view text) {
  text = strip_end(text);
  while (!text.empty()) {
    const std::size_t space = white_space_at(text, 0);
    if (space == 0) break;
    text.remove_prefix(space);
  }
  return text;
}

void split_white_space(std::string_view text, std::vector<std::string_view>& parts) {
  parts.clear();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t space = white_space_at(text, at);
    if (space == 0) {
      ++at;
      continue;
    }
    if (at > begin) parts.push_back(text.substr(begin, at - begin));
    begin = at += space;
  }
  if (begin < text.size()) parts.push_back(text.substr(begin));
}

void code_points(std::string_view text, std::vector<std::uint32_t>& points) {
  points.clear();
  for (std::size_t at = 0; at < text.size();) {
    const std::uint8_t byte = byte_at(text, at);
    points.push_back(byte < 0x80 ? (++at, byte) : static_cast<std::uint32_t>(decode_utf8(text, at)));
  }
}

void solid_code_points(std::string_view text, std::vector<std::uint32_t>& points) {
  points.clear();
  for (std::size_t at = 0; at < text.size();) {
    if (const std::size_t space = white_space_at(text, at); space > 0) {
      at += space;
    } else {
      const std::uint8_t byte = byte_at(text, at);
      points.push_back(byte < 0x80 ? (++at, byte) : static_cast<std::uint32_t>(decode_utf8(text, at)));
    }
  }
}

}  // namespace welt
