// The alphabet of byte-level BPE: each byte has a printable character that stands for it in the vocabulary. GPT-2's:
// printable Latin-1 stands for itself, the 68 other bytes are U+0100 and up, in order.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace welt::tokenizers {

inline constexpr std::array<char32_t, 256> byte_alphabet = [] {
  std::array<char32_t, 256> out{};
  char32_t next = 0x100;
  for (char32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    out[b] = printable ? b : next++;
  }
  return out;
}();

// The token for a byte that a vocabulary with byte_fallback has: "<0x0A>".
inline std::string byte_name(std::uint8_t byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
}

}  // namespace welt::tokenizers
