// See units.h.
#include "core/text/units.h"

#include <algorithm>
#include <string_view>

#include "core/base/utf8.h"
#include "core/text/bytes.h"

namespace welt {

std::int64_t Units::count_wide(std::span<const std::uint8_t> word) const {
  const std::int64_t points = std::ranges::count_if(word, [](std::uint8_t byte) { return (byte & 0xC0) != 0x80; });
  if (encoding_ == Encoding::utf32) return points;
  return points + std::ranges::count_if(word, [](std::uint8_t byte) { return byte >= 0xF0; });  // a pair each
}

void Units::append(std::span<const std::uint8_t> word, std::vector<std::int64_t>& bytes) const {
  if (encoding_ == Encoding::utf8) {
    bytes.insert(bytes.end(), word.begin(), word.end());
    return;
  }
  const std::string_view text = as_text(word);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = decode_utf8(text, at);
    if (encoding_ == Encoding::utf16 && point > 0xFFFF) {
      append_unit(0xD800 + ((point - 0x10000) >> 10), bytes);
      append_unit(0xDC00 + ((point - 0x10000) & 0x3FF), bytes);
    } else {
      append_unit(point, bytes);
    }
  }
}

}  // namespace welt
