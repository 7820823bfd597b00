// Vectors of float32 as wide as the instruction set that this file is compiled for. Only for the files in this folder,
// which are compiled once for each set (core/kernels/CMakeLists.txt): all of it has internal linkage, and nothing of
// the standard library's templates is used, so that no function made for one set is linked into another's code.
#pragma once

#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float Vec __attribute__((vector_size(4 * lanes)));
typedef int32_t Ints __attribute__((vector_size(4 * lanes)));

inline Vec load(const float* from) {
  Vec out;
  __builtin_memcpy(&out, from, sizeof(Vec));
  return out;
}
inline void store(float* to, Vec value) { __builtin_memcpy(to, &value, sizeof(Vec)); }
inline Vec all(float value) { return value - Vec{}; }  // a sum with 0 would have to be made: −0 + 0 is 0
inline Vec choose(Ints condition, Vec yes, Vec no) { return condition ? yes : no; }
inline Ints count_up() {  // 0, 1, 2, …
  Ints out;
  for (int i = 0; i < lanes; ++i) out[i] = i;
  return out;
}
inline Ints bits(Vec value) { return (Ints)value; }
inline Vec of_bits(Ints value) { return (Vec)value; }

typedef float Quad __attribute__((vector_size(16)));
struct Quads {
  Quad part[lanes / 4];
};
inline Quads quads(Vec v) {
  Quads out;
  __builtin_memcpy(&out, &v, sizeof out);
  return out;
}
inline float sum(Vec v) {
  const Quads all = quads(v);
  Quad q = all.part[0];
  for (int i = 1; i < lanes / 4; ++i) q += all.part[i];
  q += __builtin_shufflevector(q, q, 2, 3, 0, 1);
  return q[0] + q[1];
}
// Sums of neighbours, those of a before those of b.
template <int... Places>
inline Vec neighbours(Vec a, Vec b) {
  return __builtin_shufflevector(a, b, Places...) + __builtin_shufflevector(a, b, (Places + 1)...);
}
inline Vec halved(Vec a, Vec b) {
#if defined(__AVX512F__)
  return neighbours<0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30>(a, b);
#elif defined(__AVX2__)
  return neighbours<0, 2, 4, 6, 8, 10, 12, 14>(a, b);
#else
  return neighbours<0, 2, 4, 6>(a, b);
#endif
}
// Its halves in each other's place.
template <typename V>
inline V turned(V v) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
#elif defined(__AVX2__)
  return __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
#else
  return __builtin_shufflevector(v, v, 2, 3, 0, 1);
#endif
}
// The sums of as many vectors as one has numbers: a third of the work of one after the other.
template <int Count = lanes>
inline Vec sums_of(const Vec* of) {
  if constexpr (Count == 1)
    return of[0];
  else
    return halved(sums_of<Count / 2>(of), sums_of<Count / 2>(of + Count / 2));
}
// NaN wins.
inline Quad larger(Quad a, Quad b) { return ((a > b) | (a != a)) ? a : b; }
inline float largest(Vec v) {
  const Quads all = quads(v);
  Quad q = all.part[0];
  for (int i = 1; i < lanes / 4; ++i) q = larger(q, all.part[i]);
  q = larger(q, __builtin_shufflevector(q, q, 2, 3, 0, 1));
  q = larger(q, __builtin_shufflevector(q, q, 1, 0, 3, 2));
  return q[0];
}
#if defined(__AVX2__)
inline Vec larger(Vec a, Vec b) { return choose((a > b) | (a != a), a, b); }  // NaN in a wins, and in b stays
#endif

// eˣ to 1.5 units in the last place; 0 below −87.3, infinity above 88.7, NaN stays.
__attribute__((always_inline)) inline Vec exponential(Vec x) {
  const Vec lowest = all(-87.33654f), highest = all(88.72283f);
  const Vec inside = choose(x < lowest, lowest, choose(x > highest, highest, x));
  const Vec shift = all(12582912.0f);  // 1.5 · 2²³: added, the sum's last bits are the nearest whole number
  const Vec shifted = inside * 1.44269504f + shift;
  const Vec n = shifted - shift;
  const Vec r = inside - n * 0.693359375f + n * 2.12194440e-4f;  // ln 2 in two parts; |r| ≤ ln 2 / 2
  Vec p = all(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // 2ⁿ in two factors: n reaches 128.
  const Ints whole = bits(shifted) - bits(shift), half = whole >> 1;
  const Vec scaled = p * of_bits((half + 127) << 23) * of_bits((whole - half + 127) << 23);
  const Vec bounded = choose(x < lowest, all(0.0f), scaled);
  return choose(x > highest, all(__builtin_inff()), bounded);
}

// Numbers in memory: float, or the upper half of one.
struct bfloat16 {
  uint16_t bits;
};
inline float wide(float value) { return value; }
inline float wide(bfloat16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float out;
  __builtin_memcpy(&out, &bits, 4);
  return out;
}
inline void narrow(float value, float& to) { to = value; }
inline void narrow(float value, bfloat16& to) {  // to nearest even; NaN stays NaN
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  to.bits = static_cast<uint16_t>(value != value ? 0x7fc0 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

typedef uint16_t Halves __attribute__((vector_size(2 * lanes)));
inline Vec load(const bfloat16* from) {
  Halves raw;
  __builtin_memcpy(&raw, from, sizeof raw);
#if defined(__AVX512F__)  // the compiler's own conversion is in two halves
  return of_bits((Ints)_mm512_maskz_cvtepu16_epi32(0xffff, (__m256i)raw) << 16);
#else
  return of_bits(__builtin_convertvector(raw, Ints) << 16);
#endif
}
inline void store(bfloat16* to, Vec value) {
#if defined(__AVX512BF16__)
  const __m256bh out = _mm512_maskz_cvtneps_pbh(0xffff, (__m512)value);
  __builtin_memcpy(to, &out, sizeof out);
#else
  const Ints raw = bits(value);
  const Ints rounded = (raw + 0x7fff + ((raw >> 16) & 1)) >> 16;
  const Ints kept = (Ints)(value != value ? (Ints{} + 0x7fc0) : rounded);
  const Halves out = __builtin_convertvector(kept, Halves);
  __builtin_memcpy(to, &out, sizeof out);
#endif
}

// Whole numbers that stand for others times a scale.
inline float wide(int8_t value) { return static_cast<float>(value); }
typedef int8_t Bytes __attribute__((vector_size(lanes)));
inline Vec load(const int8_t* from) {
  Bytes raw;
  __builtin_memcpy(&raw, from, sizeof raw);
#if defined(__AVX512F__)
  return __builtin_convertvector((Ints)_mm512_maskz_cvtepi8_epi32(0xffff, (__m128i)raw), Vec);
#elif defined(__AVX2__)
  return __builtin_convertvector((Ints)_mm256_cvtepi8_epi32(_mm_set_epi64x(0, (long long)raw)), Vec);
#else
  return __builtin_convertvector(raw, Vec);
#endif
}

template <typename A, typename B>
struct WiderOf {
  using type = float;
};
template <>
struct WiderOf<bfloat16, bfloat16> {
  using type = bfloat16;
};
template <typename A, typename B>
using Wider = typename WiderOf<A, B>::type;

constexpr int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

// n numbers, and zeros up to the next whole vector.
template <typename E>
__attribute__((noinline)) Vec load_some(const E* from, int64_t n) {
  float parts[lanes] = {};
  for (int64_t i = 0; i < n; ++i) parts[i] = wide(from[i]);
  return load(parts);
}
template <typename E>
__attribute__((noinline)) void store_some(E* to, Vec value, int64_t n) {
  float parts[lanes];
  store(parts, value);
  for (int64_t i = 0; i < n; ++i) narrow(parts[i], to[i]);
}

// A whole vector where `count` numbers or more are left, else those and zeros.
template <typename E>
inline Vec load_of(const E* from, int64_t count) {
  return count >= lanes ? load(from) : load_some(from, count);
}
template <typename E>
inline void store_of(E* to, Vec value, int64_t count) {
  count >= lanes ? store(to, value) : store_some(to, value, count);
}

}  // namespace
