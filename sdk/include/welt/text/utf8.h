// UTF-8 for segmenters that are done with checking: most of it takes well-formed text. No allocation, any thread. Plugins
// in C have welt/sdk/utf8.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace welt::text {

inline constexpr std::size_t well_formed = static_cast<std::size_t>(-1);

// Bytes of the sequence that `lead` starts: 1 to 4; 0: no sequence starts with it.
inline std::size_t sequence_length(std::uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// Decodes the code point at `offset` of well-formed text and moves `offset` behind it.
inline char32_t decode(std::string_view text, std::size_t& offset) {
  const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[offset + i])); };
  const char32_t lead = byte(0);
  char32_t value = lead;
  std::size_t length = 1;
  if (lead >= 0xF0) {
    value = (lead & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63);
    length = 4;
  } else if (lead >= 0xE0) {
    value = (lead & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63);
    length = 3;
  } else if (lead >= 0x80) {
    value = (lead & 31) << 6 | (byte(1) & 63);
    length = 2;
  }
  offset += length;
  return value;
}

// Where the code point begins that ends at `end` > 0 of well-formed text, and which it is.
inline std::size_t character_before(std::string_view text, std::size_t end) {
  do --end;
  while ((static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80);
  return end;
}
inline char32_t decode_before(std::string_view text, std::size_t end) {
  std::size_t at = character_before(text, end);
  return decode(text, at);
}

// The text before a sequence at its end that waits for its other bytes.
inline std::string_view without_cut_off_sequence(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(4, text.size()); ++back) {
    const auto lead = static_cast<std::uint8_t>(text[text.size() - back]);
    if ((lead & 0xC0) != 0x80) return sequence_length(lead) > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

// Offset of the first byte that begins no well-formed sequence (Unicode table 3-7), or `well_formed`. A sequence that
// the end of the text cuts off is at fault too; `cut_off` says so when nothing else is wrong with it.
inline std::size_t find_ill_formed(std::string_view text, bool& cut_off) {
  cut_off = false;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t i = 0;
  while (i < text.size()) {
    if (bytes[i] < 0x80) {
      std::uint64_t eight = 0;
      while (i + 8 <= text.size()) {
        std::memcpy(&eight, bytes + i, 8);
        if ((eight & 0x8080808080808080u) != 0) break;
        i += 8;
      }
      while (i < text.size() && bytes[i] < 0x80) ++i;
      continue;
    }
    const std::uint8_t lead = bytes[i];
    const std::size_t length = sequence_length(lead);
    if (length == 0) return i;
    for (std::size_t k = 1; k < length; ++k) {
      if (i + k == text.size()) {
        cut_off = true;
        return i;
      }
      std::uint8_t low = 0x80, high = 0xBF;
      if (k == 1) {
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
      }
      if (bytes[i + k] < low || bytes[i + k] > high) return i;
    }
    i += length;
  }
  return well_formed;
}

}  // namespace welt::text
