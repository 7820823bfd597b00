// A fast hash of short texts, for tables of open addressing.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace welt::tokenizers {

inline std::uint64_t mix_hash(std::uint64_t a, std::uint64_t b) {
  a = (a ^ b) * 0x9E3779B97F4A7C15u;
  return a ^ a >> 32;
}

// The first eight bytes of a text, the first one lowest, zeros behind its end.
inline std::uint64_t first_bytes(std::string_view text) {
  std::uint64_t out = 0;
  const std::size_t size = text.size();
  if (size >= 8) {
    std::memcpy(&out, text.data(), 8);
  } else if (size >= 4) {  // two reads that overlap: no loop
    std::uint32_t low = 0, high = 0;
    std::memcpy(&low, text.data(), 4);
    std::memcpy(&high, text.data() + size - 4, 4);
    out = low | std::uint64_t{high} << (8 * (size - 4));
  } else {
    for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<std::uint8_t>(text[i])} << (8 * i);
  }
  return out;
}

inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size(), word = 0;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::memcpy(&word, at, 8);
    hash = mix_hash(hash, word);
  }
  return mix_hash(mix_hash(hash, first_bytes({at, left})), 0xBF58476D1CE4E5B9u);
}

}  // namespace welt::tokenizers
