// See sha256.h. Names of the functions and variables as in FIPS 180-4, sections 4.1.2 and 6.2.2.
#include "core/base/sha256.h"

#include <algorithm>
#include <bit>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace welt {
namespace {

// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#if defined(__x86_64__)
bool has_sha_instructions() {
  static const bool found = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
  }();
  return found;
}

// The same with the processor's SHA instructions, about seven times as fast: they do two rounds at once, on a state of
// which one register holds a b e f and one c d g h.
__attribute__((target("sha,sse4.1"))) void block_by_instructions(std::array<std::uint32_t, 8>& state,
                                                                 const std::uint8_t* bytes) {
  const auto lanes = [](std::uint32_t w, std::uint32_t x, std::uint32_t y, std::uint32_t z) {
    return _mm_set_epi32(static_cast<int>(w), static_cast<int>(x), static_cast<int>(y), static_cast<int>(z));
  };
  const __m128i big_endian = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
  const __m128i abef_before = lanes(state[0], state[1], state[4], state[5]);
  const __m128i cdgh_before = lanes(state[2], state[3], state[6], state[7]);
  __m128i abef = abef_before, cdgh = cdgh_before;
  __m128i w[4];  // the last 16 words of the schedule
  for (std::size_t i = 0; i < 16; ++i) {
    __m128i& now = w[i % 4];
    if (i < 4) {
      const auto* from = reinterpret_cast<const __m128i*>(bytes) + i;
      now = _mm_shuffle_epi8(_mm_loadu_si128(from), big_endian);
    } else {
      const __m128i last = w[(i + 3) % 4];
      const __m128i seven_back = _mm_alignr_epi8(last, w[(i + 2) % 4], 4);
      now = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) % 4]), seven_back), last);
    }
    const auto* constants = reinterpret_cast<const __m128i*>(round_constants.data()) + i;
    const __m128i sum = _mm_add_epi32(now, _mm_loadu_si128(constants));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0E));
  }
  std::array<std::uint32_t, 4> out;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data()), _mm_add_epi32(abef, abef_before));
  state[0] = out[3], state[1] = out[2], state[4] = out[1], state[5] = out[0];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out.data()), _mm_add_epi32(cdgh, cdgh_before));
  state[2] = out[3], state[3] = out[2], state[6] = out[1], state[7] = out[0];
}
#endif

}  // namespace

void Sha256::block(const std::uint8_t* bytes) {
#if defined(__x86_64__)
  if (has_sha_instructions()) return block_by_instructions(state_, bytes);
#endif
  std::array<std::uint32_t, 64> w;
  for (std::size_t t = 0; t < 16; ++t) {
    w[t] = std::uint32_t{bytes[4 * t]} << 24 | std::uint32_t{bytes[4 * t + 1]} << 16 |
           std::uint32_t{bytes[4 * t + 2]} << 8 | std::uint32_t{bytes[4 * t + 3]};
  }
  for (std::size_t t = 16; t < 64; ++t) {
    const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = s1 + w[t - 7] + s0 + w[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t t = 0; t < 64; ++t) {
    const std::uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const std::uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + round_constants[t] + w[t];
    const std::uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const std::uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const std::array<std::uint32_t, 8> add = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i) state_[i] += add[i];
}

void Sha256::add(std::string_view bytes) {
  const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t size = bytes.size();
  total_ += size;
  if (pending_size_ > 0) {
    const std::size_t taken = std::min(size, pending_.size() - pending_size_);
    std::copy_n(next, taken, pending_.data() + pending_size_);
    pending_size_ += taken;
    next += taken;
    size -= taken;
    if (pending_size_ < pending_.size()) return;
    block(pending_.data());
    pending_size_ = 0;
  }
  for (; size >= 64; next += 64, size -= 64) block(next);
  std::copy_n(next, size, pending_.data());
  pending_size_ = size;
}

std::string Sha256::finish() {
  const std::uint64_t bits = total_ * 8;
  std::string padding(1, '\x80');
  padding.append((64 + 56 - (pending_size_ + 1)) % 64, '\0');
  for (int shift = 56; shift >= 0; shift -= 8) padding += static_cast<char>(bits >> shift & 0xFF);
  add(padding);
  std::string text;
  for (const std::uint32_t word : state_)
    for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 0xF];
  return text;
}

}  // namespace welt
