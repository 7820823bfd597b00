// See random_state.h.
#include "core/similarity/random_state.h"

#include <bit>

namespace welt::similarity {

RandomState::RandomState(std::uint32_t seed) {
  state_[0] = seed;
  for (std::uint32_t i = 1; i < 624; ++i) state_[i] = 1812433253u * (state_[i - 1] ^ state_[i - 1] >> 30) + i;
}

void RandomState::refill() {
  for (std::size_t i = 0; i < 624; ++i) {
    const std::uint32_t mixed = (state_[i] & 0x80000000u) | (state_[(i + 1) % 624] & 0x7FFFFFFFu);
    state_[i] = state_[(i + 397) % 624] ^ mixed >> 1 ^ ((mixed & 1) != 0 ? 0x9908B0DFu : 0u);
  }
  at_ = 0;
}

std::uint32_t RandomState::next() {
  if (at_ == 624) refill();
  std::uint32_t y = state_[at_++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9D2C5680u;
  y ^= y << 15 & 0xEFC60000u;
  return y ^ y >> 18;
}

std::uint64_t RandomState::integer(std::uint64_t count) {
  const std::uint64_t largest = count - 1;
  if (largest == 0) return 0;
  const std::uint64_t mask = ~std::uint64_t{0} >> std::countl_zero(largest);
  for (;;) {
    std::uint64_t value = next();
    if (largest > 0xFFFFFFFFu) value = value << 32 | next();
    if ((value & mask) <= largest) return value & mask;
  }
}

double RandomState::uniform() {
  const std::uint32_t high = next() >> 5, low = next() >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

}  // namespace welt::similarity
