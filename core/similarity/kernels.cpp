// See kernels.h.
#include "core/similarity/kernels.h"

#include <bit>
#include <cmath>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace welt::similarity {
namespace {

float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16, exponent = half >> 10 & 31,
                      fraction = half & 0x3FF;
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

void add_f16(float* sum, const std::uint16_t* row, std::size_t dim) {
  for (std::size_t i = 0; i < dim; ++i) sum[i] += from_half(row[i]);
}

void add_f32(float* sum, const float* row, std::size_t dim) {
  for (std::size_t i = 0; i < dim; ++i) sum[i] += row[i];
}

float dot(const float* a, const float* b, std::size_t dim) {
  float lanes[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= dim; i += 8)
    for (std::size_t k = 0; k < 8; ++k) lanes[k] += a[i + k] * b[i + k];
  for (std::size_t k = 0; i < dim; ++i, ++k) lanes[k] += a[i] * b[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

float dot_f16(const float* a, const std::uint16_t* b, std::size_t dim) {
  float lanes[8] = {};
  for (std::size_t i = 0; i < dim; ++i) lanes[i & 7] += a[i] * from_half(b[i]);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

double squared_distance(const float* a, const double* b, std::size_t dim) {
  double lanes[4] = {};
  for (std::size_t i = 0; i < dim; ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    lanes[i & 3] += difference * difference;
  }
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]);
}

void tile(const float* a, std::size_t stride, std::size_t rows, const float* panel, std::size_t dim, float* out) {
  std::memset(out, 0, rows * tile_columns * sizeof(float));
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t k = 0; k < dim; ++k)
      for (std::size_t c = 0; c < tile_columns; ++c)
        out[r * tile_columns + c] += a[r * stride + k] * panel[k * tile_columns + c];
}

void accumulate(double* sum, const float* row, std::size_t dim) {
  for (std::size_t i = 0; i < dim; ++i) sum[i] += static_cast<double>(row[i]);
}

std::uint32_t bounds_above(const float* products, const float* others, float factor, float limit) {
  std::uint32_t out = 0;
  for (std::size_t c = 0; c < tile_columns; ++c) out |= std::uint32_t{products[c] + factor * others[c] > limit} << c;
  return out;
}

std::uint32_t hamming(const std::uint64_t* a, const std::uint64_t* b, std::size_t words) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < words; ++i) out += static_cast<std::uint32_t>(std::popcount(a[i] ^ b[i]));
  return out;
}

std::size_t next_within(const std::uint64_t* a, const std::uint64_t* rows, std::size_t from, std::size_t count,
                        std::size_t words, std::uint32_t limit) {
  while (from < count && hamming(a, rows + from * words, words) > limit) ++from;
  return from;
}

void hamming_row(const std::uint64_t* a, const std::uint64_t* rows, std::size_t count, std::size_t words,
                 const float* scores, float* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = scores[hamming(a, rows + i * words, words)];
}

constexpr Kernels portable{"portable", add_f16,    add_f32,      dot,     dot_f16,     squared_distance,
                           tile,       accumulate, bounds_above, hamming, next_within, hamming_row};

#if defined(__x86_64__)
#define WELT_AVX2 __attribute__((target("avx2,fma,f16c,popcnt")))

WELT_AVX2 void add_f16_avx2(float* sum, const std::uint16_t* row, std::size_t dim) {
  std::size_t i = 0;
  for (; i + 8 <= dim; i += 8) {
    const __m256 value = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + i)));
    _mm256_storeu_ps(sum + i, _mm256_add_ps(_mm256_loadu_ps(sum + i), value));
  }
  if (i < dim) add_f16(sum + i, row + i, dim - i);
}

WELT_AVX2 void add_f32_avx2(float* sum, const float* row, std::size_t dim) {
  std::size_t i = 0;
  for (; i + 8 <= dim; i += 8)
    _mm256_storeu_ps(sum + i, _mm256_add_ps(_mm256_loadu_ps(sum + i), _mm256_loadu_ps(row + i)));
  if (i < dim) add_f32(sum + i, row + i, dim - i);
}

WELT_AVX2 float dot_avx2(const float* a, const float* b, std::size_t dim) {
  __m256 sum0 = _mm256_setzero_ps(), sum1 = sum0, sum2 = sum0, sum3 = sum0;
  std::size_t i = 0;
  for (; i + 32 <= dim; i += 32) {
    sum0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), sum0);
    sum1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), sum1);
    sum2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), sum2);
    sum3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), sum3);
  }
  const __m256 sum = _mm256_add_ps(_mm256_add_ps(sum0, sum2), _mm256_add_ps(sum1, sum3));
  float lanes[8];
  _mm256_storeu_ps(lanes, sum);
  for (std::size_t k = 0; i < dim; ++i, ++k) lanes[k & 7] += a[i] * b[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

WELT_AVX2 __m256 wide(const std::uint16_t* halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(halves)));
}

WELT_AVX2 float dot_f16_avx2(const float* a, const std::uint16_t* b, std::size_t dim) {
  __m256 one = _mm256_setzero_ps(), two = one;
  std::size_t i = 0;
  for (; i + 16 <= dim; i += 16) {
    one = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), wide(b + i), one);
    two = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), wide(b + i + 8), two);
  }
  float lanes[8];
  _mm256_storeu_ps(lanes, _mm256_add_ps(one, two));
  for (std::size_t k = 0; i < dim; ++i, ++k) lanes[k & 7] += a[i] * from_half(b[i]);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

WELT_AVX2 double squared_distance_avx2(const float* a, const double* b, std::size_t dim) {
  __m256d one = _mm256_setzero_pd(), two = _mm256_setzero_pd();
  std::size_t i = 0;
  for (; i + 8 <= dim; i += 8) {
    const __m256d x = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + i)), _mm256_loadu_pd(b + i));
    const __m256d y = _mm256_sub_pd(_mm256_cvtps_pd(_mm_loadu_ps(a + i + 4)), _mm256_loadu_pd(b + i + 4));
    one = _mm256_fmadd_pd(x, x, one);
    two = _mm256_fmadd_pd(y, y, two);
  }
  double lanes[4];
  _mm256_storeu_pd(lanes, _mm256_add_pd(one, two));
  return (lanes[0] + lanes[2]) + (lanes[1] + lanes[3]) + (i < dim ? squared_distance(a + i, b + i, dim - i) : 0.0);
}

// Twelve sums of eight in registers: as many products under way as two units of a latency of four take, and more. They
// have names, for a compiler keeps an array in memory. Of fewer than six rows the last is computed again.
WELT_AVX2 void tile_avx2(const float* a, std::size_t stride, std::size_t rows, const float* panel, std::size_t dim,
                         float* out) {
  const auto row = [&](std::size_t r) { return a + (r < rows ? r : rows - 1) * stride; };
  const float *a0 = row(0), *a1 = row(1), *a2 = row(2), *a3 = row(3), *a4 = row(4), *a5 = row(5);
  __m256 l0 = _mm256_setzero_ps(), l1 = l0, l2 = l0, l3 = l0, l4 = l0, l5 = l0;
  __m256 h0 = l0, h1 = l0, h2 = l0, h3 = l0, h4 = l0, h5 = l0;
  for (std::size_t k = 0; k < dim; ++k) {
    const __m256 low = _mm256_loadu_ps(panel + k * 16), high = _mm256_loadu_ps(panel + k * 16 + 8);
    __m256 value = _mm256_broadcast_ss(a0 + k);
    l0 = _mm256_fmadd_ps(value, low, l0), h0 = _mm256_fmadd_ps(value, high, h0);
    value = _mm256_broadcast_ss(a1 + k);
    l1 = _mm256_fmadd_ps(value, low, l1), h1 = _mm256_fmadd_ps(value, high, h1);
    value = _mm256_broadcast_ss(a2 + k);
    l2 = _mm256_fmadd_ps(value, low, l2), h2 = _mm256_fmadd_ps(value, high, h2);
    value = _mm256_broadcast_ss(a3 + k);
    l3 = _mm256_fmadd_ps(value, low, l3), h3 = _mm256_fmadd_ps(value, high, h3);
    value = _mm256_broadcast_ss(a4 + k);
    l4 = _mm256_fmadd_ps(value, low, l4), h4 = _mm256_fmadd_ps(value, high, h4);
    value = _mm256_broadcast_ss(a5 + k);
    l5 = _mm256_fmadd_ps(value, low, l5), h5 = _mm256_fmadd_ps(value, high, h5);
  }
  _mm256_storeu_ps(out, l0), _mm256_storeu_ps(out + 8, h0);
  _mm256_storeu_ps(out + 16, l1), _mm256_storeu_ps(out + 24, h1);
  _mm256_storeu_ps(out + 32, l2), _mm256_storeu_ps(out + 40, h2);
  _mm256_storeu_ps(out + 48, l3), _mm256_storeu_ps(out + 56, h3);
  _mm256_storeu_ps(out + 64, l4), _mm256_storeu_ps(out + 72, h4);
  _mm256_storeu_ps(out + 80, l5), _mm256_storeu_ps(out + 88, h5);
}

WELT_AVX2 void accumulate_avx2(double* sum, const float* row, std::size_t dim) {
  std::size_t i = 0;
  for (; i + 4 <= dim; i += 4)
    _mm256_storeu_pd(sum + i, _mm256_add_pd(_mm256_loadu_pd(sum + i), _mm256_cvtps_pd(_mm_loadu_ps(row + i))));
  if (i < dim) accumulate(sum + i, row + i, dim - i);
}

WELT_AVX2 std::uint32_t bounds_above_avx2(const float* products, const float* others, float factor, float limit) {
  std::uint32_t out = 0;
  const __m256 each = _mm256_set1_ps(factor), least = _mm256_set1_ps(limit);
  for (int half = 0; half < 2; ++half) {
    const __m256 bound =
        _mm256_fmadd_ps(each, _mm256_loadu_ps(others + 8 * half), _mm256_loadu_ps(products + 8 * half));
    const int mask = _mm256_movemask_ps(_mm256_cmp_ps(bound, least, _CMP_GT_OQ));
    out |= static_cast<std::uint32_t>(mask) << 8 * half;
  }
  return out;
}

WELT_AVX2 std::uint32_t hamming_avx2(const std::uint64_t* a, const std::uint64_t* b, std::size_t words) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < words; ++i) out += static_cast<std::uint64_t>(_mm_popcnt_u64(a[i] ^ b[i]));
  return static_cast<std::uint32_t>(out);
}

WELT_AVX2 std::size_t next_within_avx2(const std::uint64_t* a, const std::uint64_t* rows, std::size_t from,
                                       std::size_t count, std::size_t words, std::uint32_t limit) {
  if (words != 4) {
    while (from < count && hamming_avx2(a, rows + from * words, words) > limit) ++from;
    return from;
  }
  const std::uint64_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
  for (rows += 4 * from; from < count; ++from, rows += 4)
    if ((_mm_popcnt_u64(a0 ^ rows[0]) + _mm_popcnt_u64(a1 ^ rows[1])) +
            (_mm_popcnt_u64(a2 ^ rows[2]) + _mm_popcnt_u64(a3 ^ rows[3])) <=
        limit)
      break;
  return from;
}

WELT_AVX2 void hamming_row_avx2(const std::uint64_t* a, const std::uint64_t* rows, std::size_t count, std::size_t words,
                                const float* scores, float* out) {
  if (words != 4) {
    for (std::size_t i = 0; i < count; ++i) out[i] = scores[hamming_avx2(a, rows + i * words, words)];
    return;
  }
  const std::uint64_t a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
  for (std::size_t i = 0; i < count; ++i, rows += 4)
    out[i] = scores[(_mm_popcnt_u64(a0 ^ rows[0]) + _mm_popcnt_u64(a1 ^ rows[1])) +
                    (_mm_popcnt_u64(a2 ^ rows[2]) + _mm_popcnt_u64(a3 ^ rows[3]))];
}

constexpr Kernels avx2{
    "AVX2",    add_f16_avx2,    add_f32_avx2,      dot_avx2,     dot_f16_avx2,     squared_distance_avx2,
    tile_avx2, accumulate_avx2, bounds_above_avx2, hamming_avx2, next_within_avx2, hamming_row_avx2};

const Kernels& fastest() {
  const bool fits = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                    __builtin_cpu_supports("f16c") != 0 && __builtin_cpu_supports("popcnt") != 0;
  return fits ? avx2 : portable;
}
#else
const Kernels& fastest() { return portable; }
#endif

}  // namespace

const Kernels& kernels() {
  static const Kernels& chosen = fastest();
  return chosen;
}

const Kernels& portable_kernels() { return portable; }

}  // namespace welt::similarity
