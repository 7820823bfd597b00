// Quantising, the plain product, and the choice of a form. See ternary_kernel.h.
#include "ternary_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

namespace welt::ternary {
namespace {

constexpr int lanes = 16;  // sums side by side, so that the compiler can use vectors without changing an order

// To the nearest whole number, ties to even, of |value| below 2^21: adding pushes the fraction out of the number.
template <typename T>
T rounded(T value) {
  constexpr T shift = std::is_same_v<T, float> ? T(12582912.0) : T(6755399441055744.0);
  return (value + shift) - shift;
}

}  // namespace

template <typename T>
Quantised<T> quantise_row(const T* x, const T* gain, std::int64_t in, T eps, std::int8_t* q) {
  T squares[lanes] = {}, peaks[lanes] = {};
  const std::int64_t whole = in / lanes * lanes;
  for (std::int64_t i = 0; i < whole; i += lanes)
    for (int k = 0; k < lanes; ++k) squares[k] += x[i + k] * x[i + k];
  for (std::int64_t i = whole; i < in; ++i) squares[i - whole] += x[i] * x[i];
  double sum = 0;
  for (const T part : squares) sum += static_cast<double>(part);
  const T inverse = T(1) / std::sqrt(static_cast<T>(sum / static_cast<double>(in)) + eps);
  const auto size = [&](std::int64_t i) { return std::abs(x[i] * inverse * gain[i]); };
  T not_finite[lanes] = {};  // not 0: a value is infinite or none, and so is the whole row then
  for (std::int64_t i = 0; i < whole; i += lanes)
    for (int k = 0; k < lanes; ++k) {
      const T one = size(i + k);
      peaks[k] = peaks[k] < one ? one : peaks[k];
      not_finite[k] += one * T(0);
    }
  for (std::int64_t i = whole; i < in; ++i) {
    peaks[0] = std::max(peaks[0], size(i));
    not_finite[0] += size(i) * T(0);
  }
  if (std::any_of(not_finite, not_finite + lanes, [](T value) { return value != T(0); })) {
    std::fill(q, q + blocks_of(in) * block, std::int8_t{0});
    return {std::numeric_limits<T>::quiet_NaN(), 0};
  }
  const T peak = std::max(*std::max_element(peaks, peaks + lanes), T(1e-5)), scale = T(127) / peak;
  std::int32_t total = 0;
  for (std::int64_t i = 0; i < in; ++i) {
    const auto whole_number = static_cast<std::int32_t>(rounded(x[i] * inverse * gain[i] * scale));
    q[i] = static_cast<std::int8_t>(whole_number);
    total += whole_number;
  }
  std::fill(q + in, q + blocks_of(in) * block, std::int8_t{0});
  return {peak, total};
}

template Quantised<float> quantise_row(const float*, const float*, std::int64_t, float, std::int8_t*);
template Quantised<double> quantise_row(const double*, const double*, std::int64_t, double, std::int8_t*);

void plain(const Product& p) {
  for (std::int64_t r = 0; r < p.rows; ++r)
    for (std::int64_t o = 0; o < p.outputs; ++o) {
      const std::uint8_t* packed = p.packed + o * p.blocks * block_bytes;
      const std::int8_t* q = p.q + r * p.blocks * block;
      std::int32_t sum = -p.sums[r];
      for (std::int64_t b = 0; b < p.blocks; ++b, packed += block_bytes, q += block)
        for (std::int64_t j = 0; j < block_bytes; ++j) {
          const int codes = packed[j];
          sum += (codes & 3) * q[j] + (codes >> 2 & 3) * q[j + 32] + (codes >> 4 & 3) * q[j + 64] +
                 (codes >> 6) * q[j + 96];
        }
      p.out[r * p.apart + o] = sum;
    }
}

#if defined(__x86_64__)
const NamedForm* forms() {
  static const NamedForm all[form_count] = {
      {"vnni", vnni, __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vl")},
      {"avx2", avx2, static_cast<bool>(__builtin_cpu_supports("avx2"))},
      {"plain", plain, true}};
  return all;
}
#else
const NamedForm* forms() {
  static const NamedForm all[form_count] = {{"vnni", plain, false}, {"avx2", plain, false}, {"plain", plain, true}};
  return all;
}
#endif

const NamedForm& fastest() {
  static const NamedForm& chosen =
      *std::find_if(forms(), forms() + form_count, [](const NamedForm& form) { return form.here; });
  return chosen;
}

}  // namespace welt::ternary
