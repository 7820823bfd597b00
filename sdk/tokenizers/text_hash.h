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

inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size(), word = 0;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::memcpy(&word, at, 8);
    hash = mix_hash(hash, word);
  }
  word = 0;
  if (left > 0) std::memcpy(&word, at, left);
  return mix_hash(mix_hash(hash, word), 0xBF58476D1CE4E5B9u);
}

}  // namespace welt::tokenizers
