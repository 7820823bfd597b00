// How a model's words are spelt: in bytes of UTF-8, in units of UTF-16 or in code points, each unit as its N bytes,
// least significant first. What else a model must know of its encoding follows from N. Values, any thread.
#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "core/text/tokenizer.h"

namespace welt {

class Units {
 public:
  explicit constexpr Units(Encoding encoding = Encoding::utf8) : encoding_(encoding) {}

  constexpr Encoding encoding() const { return encoding_; }
  constexpr std::int64_t bytes() const { return unit_bytes(encoding_); }  // N
  constexpr std::uint32_t largest() const {
    return encoding_ == Encoding::utf8 ? 0xFF : encoding_ == Encoding::utf16 ? 0xFFFF : 0x10FFFF;
  }
  bool operator==(const Units&) const = default;

  // Units of a word, which is well-formed UTF-8.
  std::int64_t count(std::span<const std::uint8_t> word) const {
    return encoding_ == Encoding::utf8 ? std::ssize(word) : count_wide(word);
  }
  // Appends the bytes of its units: count(word) · N values.
  void append(std::span<const std::uint8_t> word, std::vector<std::int64_t>& bytes) const;
  void append_unit(std::uint32_t unit, std::vector<std::int64_t>& bytes) const {
    for (std::int64_t shift = 0; shift < 8 * this->bytes(); shift += 8) bytes.push_back(unit >> shift & 0xFF);
  }

 private:
  std::int64_t count_wide(std::span<const std::uint8_t> word) const;

  Encoding encoding_;
};

}  // namespace welt
