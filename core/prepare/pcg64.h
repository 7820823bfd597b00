// The random numbers behind the shuffle of data preparation: those of numpy.random.default_rng(seed), so that rows come
// in the order of the Python tool. SeedSequence spreads the seed over 256 bits; PCG64 is a 128-bit linear congruential
// generator whose output is XSL-RR (O'Neill 2014).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace welt {

class Pcg64 {
 public:
  explicit Pcg64(std::uint64_t seed) : words_(spread(seed)) {
    const Wide start = wide(words_[0], words_[1]);
    increment_ = wide(words_[2], words_[3]) << 1 | 1;
    state_ = increment_ + start;
    advance();
  }

  // SeedSequence(seed).generate_state(4, uint64): what the state was made of.
  const std::array<std::uint64_t, 4>& seed_words() const { return words_; }

  std::uint64_t next64() {
    advance();
    const auto high = static_cast<std::uint64_t>(state_ >> 64), low = static_cast<std::uint64_t>(state_);
    return std::rotr(high ^ low, static_cast<int>(high >> 58));
  }

  // The low half of a 64-bit draw, then its high half.
  std::uint32_t next32() {
    if (half_) return *std::exchange(half_, std::nullopt);
    const std::uint64_t value = next64();
    half_ = static_cast<std::uint32_t>(value >> 32);
    return static_cast<std::uint32_t>(value);
  }

  // Generator.integers(0, n), n >= 1: Lemire's multiplication with rejection. n = 1 takes nothing from the stream.
  std::uint32_t below(std::uint32_t n) {
    if (n == 1) return 0;
    std::uint64_t product = std::uint64_t{next32()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = (0u - n) % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{next32()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // Generator.shuffle of a list: from the last to the second, each changes places with one in [0, i], whose number is
  // the low bits of a draw, drawn again while too large.
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i-- > 1;) std::swap(items[i], items[up_to(static_cast<std::uint32_t>(i))]);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  static Wide wide(std::uint64_t high, std::uint64_t low) { return Wide{high} << 64 | low; }

  void advance() { state_ = state_ * wide(2549297995355413924u, 4865540595714422341u) + increment_; }

  std::uint32_t up_to(std::uint32_t n) {
    const std::uint32_t mask = std::bit_ceil(std::uint64_t{n} + 1) - 1;
    std::uint32_t value = 0;
    do value = next32() & mask;
    while (value > n);
    return value;
  }

  static std::array<std::uint64_t, 4> spread(std::uint64_t seed) {
    std::uint32_t constant = 0x43B0D7E5;
    const auto scramble = [&](std::uint32_t value) {
      value ^= constant;
      constant *= 0x931E8875u;
      value *= constant;
      return value ^ value >> 16;
    };
    const auto mix = [](std::uint32_t x, std::uint32_t y) {
      const std::uint32_t value = 0xCA01F9DDu * x - 0x4973F715u * y;
      return value ^ value >> 16;
    };
    std::array<std::uint32_t, 4> pool{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), 0, 0};
    for (std::uint32_t& word : pool) word = scramble(word);
    for (std::size_t from = 0; from < 4; ++from)
      for (std::size_t to = 0; to < 4; ++to)
        if (from != to) pool[to] = mix(pool[to], scramble(pool[from]));
    constant = 0x8B51F9DD;
    std::array<std::uint64_t, 4> out{};
    for (std::size_t i = 0; i < 8; ++i) {
      std::uint32_t value = pool[i % 4] ^ constant;
      constant *= 0x58F38DEDu;
      value *= constant;
      out[i / 2] |= std::uint64_t{value ^ value >> 16} << (32 * (i % 2));
    }
    return out;
  }

  std::array<std::uint64_t, 4> words_;
  Wide state_ = 0, increment_ = 0;
  std::optional<std::uint32_t> half_;
};

}  // namespace welt
