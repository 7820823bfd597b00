/* SHA-256 (FIPS 180-4) over bytes that come in pieces. C11, also valid C++20, for host and plugins alike; no part of
 * the ABI: each side compiles its own. Any thread, no allocation. In C++ there is also the class welt::Sha256, at the
 * end.
 *
 *   welt_sha256 hash;
 *   char digits[65];
 *   welt_sha256_open(&hash);
 *   welt_sha256_add(&hash, bytes, size);
 *   welt_sha256_close(&hash, digits);
 *
 * Functions and variables are named as in FIPS 180-4, sections 4.1.2 and 6.2.2. */
#ifndef WELT_COMMON_SHA256_H
#define WELT_COMMON_SHA256_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif
#ifdef __cplusplus
#include <string>
#include <string_view>
#define WELT_SHA256_INLINE inline
#else
#define WELT_SHA256_INLINE static inline
#endif

typedef struct welt_sha256 {
  uint64_t size; /* bytes so far */
  uint32_t state[8];
  uint32_t by_instructions; /* 1: the processor has SHA instructions */
  uint8_t pending[64];      /* the first size % 64 bytes are bytes not yet mixed in */
} welt_sha256;

WELT_SHA256_INLINE uint32_t welt_sha256_rotr(uint32_t value, int bits) { return value >> bits | value << (32 - bits); }

/* First 32 bits of the fractional parts of the cube roots of the first 64 primes. */
WELT_SHA256_INLINE const uint32_t* welt_sha256_constants(void) {
  static const uint32_t constants[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  return constants;
}

#if defined(__x86_64__)
/* A block with the processor's SHA instructions, about seven times as fast: they do two rounds at once, on a state of
 * which one register holds a b e f and one c d g h. */
__attribute__((target("sha,sse4.1"))) WELT_SHA256_INLINE void welt_sha256_block_by_instructions(uint32_t state[8],
                                                                                                const uint8_t* bytes) {
  const uint32_t* constants = welt_sha256_constants();
  const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
  const __m128i abef_before = _mm_set_epi32((int)state[0], (int)state[1], (int)state[4], (int)state[5]);
  const __m128i cdgh_before = _mm_set_epi32((int)state[2], (int)state[3], (int)state[6], (int)state[7]);
  __m128i abef = abef_before, cdgh = cdgh_before;
  __m128i w[4]; /* the last 16 words of the schedule */
  uint32_t out[4];
  for (size_t i = 0; i < 16; ++i) {
    __m128i* now = &w[i % 4];
    if (i < 4) {
      *now = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i*)(const void*)(bytes + 16 * i)), big_endian);
    } else {
      const __m128i last = w[(i + 3) % 4];
      const __m128i seven_back = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
      *now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, w[(i + 1) % 4]), seven_back), last);
    }
    const __m128i sum = _mm_add_epi32(*now, _mm_loadu_si128((const __m128i*)(const void*)(constants + 4 * i)));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
  }
  _mm_storeu_si128((__m128i*)(void*)out, _mm_add_epi32(abef, abef_before));
  state[0] = out[3], state[1] = out[2], state[4] = out[1], state[5] = out[0];
  _mm_storeu_si128((__m128i*)(void*)out, _mm_add_epi32(cdgh, cdgh_before));
  state[2] = out[3], state[3] = out[2], state[6] = out[1], state[7] = out[0];
}
#endif

/* Mixes 64 bytes in. */
WELT_SHA256_INLINE void welt_sha256_block(welt_sha256* hash, const uint8_t* bytes) {
#if defined(__x86_64__)
  if (hash->by_instructions) {
    welt_sha256_block_by_instructions(hash->state, bytes);
    return;
  }
#endif
  const uint32_t* constants = welt_sha256_constants();
  uint32_t w[64], s[8]; /* s: a to h */
  for (size_t t = 0; t < 16; ++t) {
    w[t] = (uint32_t)bytes[4 * t] << 24 | (uint32_t)bytes[4 * t + 1] << 16 | (uint32_t)bytes[4 * t + 2] << 8 |
           (uint32_t)bytes[4 * t + 3];
  }
  for (size_t t = 16; t < 64; ++t) {
    const uint32_t two = w[t - 2], fifteen = w[t - 15];
    const uint32_t s0 = welt_sha256_rotr(fifteen, 7) ^ welt_sha256_rotr(fifteen, 18) ^ (fifteen >> 3);
    const uint32_t s1 = welt_sha256_rotr(two, 17) ^ welt_sha256_rotr(two, 19) ^ (two >> 10);
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  memcpy(s, hash->state, sizeof s);
  for (size_t t = 0; t < 64; ++t) {
    const uint32_t sum1 = welt_sha256_rotr(s[4], 6) ^ welt_sha256_rotr(s[4], 11) ^ welt_sha256_rotr(s[4], 25);
    const uint32_t t1 = s[7] + sum1 + ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[t] + w[t];
    const uint32_t sum0 = welt_sha256_rotr(s[0], 2) ^ welt_sha256_rotr(s[0], 13) ^ welt_sha256_rotr(s[0], 22);
    const uint32_t t2 = sum0 + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (size_t i = 0; i < 8; ++i) hash->state[i] += s[i];
}

WELT_SHA256_INLINE void welt_sha256_open(welt_sha256* hash) {
  static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memset(hash, 0, sizeof *hash);
  memcpy(hash->state, first, sizeof first);
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  hash->by_instructions = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
#endif
}

WELT_SHA256_INLINE void welt_sha256_add(welt_sha256* hash, const void* bytes, size_t size) {
  const uint8_t* next = (const uint8_t*)bytes;
  while (size > 0) {
    const size_t used = (size_t)(hash->size % 64);
    const size_t taken = size < 64 - used ? size : 64 - used;
    const uint8_t* block = next;
    if (taken < 64) {
      memcpy(hash->pending + used, next, taken);
      block = hash->pending;
    }
    if (used + taken == 64) welt_sha256_block(hash, block);
    hash->size += taken;
    next += taken;
    size -= taken;
  }
}

/* 64 hexadecimal digits and a NUL; nothing may be added afterwards. */
WELT_SHA256_INLINE void welt_sha256_close(welt_sha256* hash, char digits[65]) {
  static const uint8_t padding[64] = {0x80};
  const uint64_t bits = 8 * hash->size;
  uint8_t length[8];
  for (int i = 0; i < 8; ++i) length[i] = (uint8_t)(bits >> (56 - 8 * i));
  welt_sha256_add(hash, padding, 1 + (size_t)((64 + 55 - hash->size % 64) % 64));
  welt_sha256_add(hash, length, sizeof length);
  for (int i = 0; i < 64; ++i) digits[i] = "0123456789abcdef"[hash->state[i / 8] >> (28 - 4 * (i % 8)) & 0xF];
  digits[64] = '\0';
}

#undef WELT_SHA256_INLINE
#ifdef __cplusplus
namespace welt {

class Sha256 {
 public:
  Sha256() { welt_sha256_open(&hash_); }
  void add(std::string_view bytes) { welt_sha256_add(&hash_, bytes.data(), bytes.size()); }
  std::string finish() {  // 64 hex digits; nothing may be added afterwards
    char digits[65];
    welt_sha256_close(&hash_, digits);
    return digits;
  }

 private:
  welt_sha256 hash_;
};

}  // namespace welt
#endif
#endif
