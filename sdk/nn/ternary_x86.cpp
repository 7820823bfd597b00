// The product on x86: AVX2 by multiply-adds of bytes into 16 bits, AVX-512 VNNI by one instruction into 32. Compiled
// for these machines function by function, and called only where forms() says so.
#include "ternary_kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

namespace welt::ternary {
namespace {

constexpr std::int64_t together = 4;  // rows that share a load of weights

// 64 sums of two products, 2·127·2 at most each, fit into 16 bits: 16 blocks of four.
constexpr std::int64_t blocks_in_16_bits = 16;

__attribute__((target("avx2"))) inline std::int32_t total(__m256i sums) {
  const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

__attribute__((target("avx2"))) inline __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

// The codes of a block, beside 32 activations each.
__attribute__((target("avx2"))) inline void unpack(const std::uint8_t* packed, __m256i (&codes)[4]) {
  const __m256i bytes = load(packed), low = _mm256_set1_epi8(3);
  codes[0] = _mm256_and_si256(bytes, low);
  codes[1] = _mm256_and_si256(_mm256_srli_epi16(bytes, 2), low);
  codes[2] = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
  codes[3] = _mm256_and_si256(_mm256_srli_epi16(bytes, 6), low);
}

template <int Rows>
__attribute__((target("avx2"))) void rows_avx2(const Product& p, std::int64_t first) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (std::int64_t o = 0; o < p.outputs; ++o) {
    const std::uint8_t* packed = p.packed + o * p.blocks * block_bytes;
    __m256i wide[Rows];
    for (int r = 0; r < Rows; ++r) wide[r] = _mm256_setzero_si256();
    for (std::int64_t from = 0; from < p.blocks; from += blocks_in_16_bits) {
      __m256i narrow[Rows];
      for (int r = 0; r < Rows; ++r) narrow[r] = _mm256_setzero_si256();
      for (std::int64_t b = from; b < std::min(from + blocks_in_16_bits, p.blocks); ++b) {
        __m256i w[4];
        unpack(packed + b * block_bytes, w);
        for (int r = 0; r < Rows; ++r) {
          const std::int8_t* q = p.q + ((first + r) * p.blocks + b) * block;
          const __m256i s0 =
              _mm256_add_epi16(_mm256_maddubs_epi16(w[0], load(q)), _mm256_maddubs_epi16(w[1], load(q + 32)));
          const __m256i s1 =
              _mm256_add_epi16(_mm256_maddubs_epi16(w[2], load(q + 64)), _mm256_maddubs_epi16(w[3], load(q + 96)));
          narrow[r] = _mm256_add_epi16(narrow[r], _mm256_add_epi16(s0, s1));
        }
      }
      for (int r = 0; r < Rows; ++r) wide[r] = _mm256_add_epi32(wide[r], _mm256_madd_epi16(narrow[r], ones));
    }
    for (int r = 0; r < Rows; ++r) p.out[(first + r) * p.apart + o] = total(wide[r]) - p.sums[first + r];
  }
}

template <int Rows>
__attribute__((target("avx2,avx512f,avx512vl,avx512vnni"))) void rows_vnni(const Product& p, std::int64_t first) {
  for (std::int64_t o = 0; o < p.outputs; ++o) {
    const std::uint8_t* packed = p.packed + o * p.blocks * block_bytes;
    __m256i sums[Rows][2];
    for (int r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
    for (std::int64_t b = 0; b < p.blocks; ++b) {
      __m256i w[4];
      unpack(packed + b * block_bytes, w);
      for (int r = 0; r < Rows; ++r) {
        const std::int8_t* q = p.q + ((first + r) * p.blocks + b) * block;
        sums[r][0] = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(sums[r][0], w[0], load(q)), w[1], load(q + 32));
        sums[r][1] = _mm256_dpbusd_epi32(_mm256_dpbusd_epi32(sums[r][1], w[2], load(q + 64)), w[3], load(q + 96));
      }
    }
    for (int r = 0; r < Rows; ++r)
      p.out[(first + r) * p.apart + o] = total(_mm256_add_epi32(sums[r][0], sums[r][1])) - p.sums[first + r];
  }
}

}  // namespace

void avx2(const Product& p) {
  std::int64_t row = 0;
  for (; row + together <= p.rows; row += together) rows_avx2<together>(p, row);
  for (; row < p.rows; ++row) rows_avx2<1>(p, row);
}

void vnni(const Product& p) {
  std::int64_t row = 0;
  for (; row + together <= p.rows; row += together) rows_vnni<together>(p, row);
  for (; row < p.rows; ++row) rows_vnni<1>(p, row);
}

}  // namespace welt::ternary
#endif
