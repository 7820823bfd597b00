// Ternary weights in 2 bits: how rows of -1, 0 and 1 lie in memory and in files. The host packs checkpoints with it
// (`welt checkpoint convert --ternary`), sdk/nn computes on it; each compiles it for itself.
//
// A weight is the code 0, 1 or 2. Rows are filled up with the code 1 to blocks of 128, a block is 32 bytes: byte j
// holds the weights j, j + 32, j + 64 and j + 96 of the block, from the low bits on. So one load and three shifts give
// four vectors that stand beside 32 activations each.
#pragma once

#include <cstdint>

namespace welt::ternary {

constexpr std::int64_t block = 128, block_bytes = 32;
constexpr double least_mean = 1e-5;  // of the mean |weight| of a matrix, which its codes are multiples of

constexpr std::int64_t blocks_of(std::int64_t in) { return (in + block - 1) / block; }
constexpr std::int64_t row_bytes(std::int64_t in) { return blocks_of(in) * block_bytes; }

// weights [in] / mean, rounded half to even and held to -1 … 1 → bytes [row_bytes(in)].
template <typename T>
void pack_row(const T* weights, std::int64_t in, T mean, std::uint8_t* packed) {
  const auto code = [&](std::int64_t i) {
    if (i >= in) return 1u;
    const T share = weights[i] / mean;  // a half, exactly, is rounded to 0
    return share > T(0.5) ? 2u : share < T(-0.5) ? 0u : 1u;
  };
  for (std::int64_t b = 0; b < blocks_of(in); ++b)
    for (std::int64_t j = 0; j < block_bytes; ++j) {
      const std::int64_t i = b * block + j;
      packed[b * block_bytes + j] =
          static_cast<std::uint8_t>(code(i) | code(i + 32) << 2 | code(i + 64) << 4 | code(i + 96) << 6);
    }
}

// Number of the first block in which a code is 3, which means nothing; -1: none.
inline std::int64_t first_bad_block(const std::uint8_t* packed, std::int64_t blocks) {
  for (std::int64_t b = 0; b < blocks; ++b) {
    unsigned bad = 0;
    for (std::int64_t j = 0; j < block_bytes; ++j) {
      const unsigned byte = packed[b * block_bytes + j];
      bad |= byte & (byte >> 1) & 0x55u;  // both bits of a code
    }
    if (bad != 0) return b;
  }
  return -1;
}

}  // namespace welt::ternary
