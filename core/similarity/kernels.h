// The loops over vectors where the time goes, each in a form for every x86-64 and one for AVX2, FMA and F16C; chosen at
// run time. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace welt::similarity {

inline constexpr std::size_t tile_rows = 6, tile_columns = 16;

struct Kernels {
  const char* name;
  // sum[i] += row[i], row in float16: exact conversion, one addition in float32.
  void (*add_f16)(float* sum, const std::uint16_t* row, std::size_t dim);
  void (*add_f32)(float* sum, const float* row, std::size_t dim);
  // The same order of additions wherever the vectors lie.
  float (*dot)(const float* a, const float* b, std::size_t dim);
  float (*dot_f16)(const float* a, const std::uint16_t* b, std::size_t dim);  // b in float16
  double (*squared_distance)(const float* a, const double* b, std::size_t dim);
  // out[r · 16 + c] = Σk a[r · stride + k] · panel[k · 16 + c] for r < rows, 1 to 6: each sum from left to right.
  // out has room for six rows.
  void (*tile)(const float* a, std::size_t stride, std::size_t rows, const float* panel, std::size_t dim, float* out);
  void (*accumulate)(double* sum, const float* row, std::size_t dim);  // sum[i] += row[i]
  // Bit c of the sixteen is set where products[c] + factor · others[c] > limit.
  std::uint32_t (*bounds_above)(const float* products, const float* others, float factor, float limit);
  std::uint32_t (*hamming)(const std::uint64_t* a, const std::uint64_t* b, std::size_t words);
  // The first of rows [from, count), which stand one behind the other, whose distance to `a` is at most `limit`; count
  // where there is none.
  std::size_t (*next_within)(const std::uint64_t* a, const std::uint64_t* rows, std::size_t from, std::size_t count,
                             std::size_t words, std::uint32_t limit);
  // out[i] = scores[hamming(a, row i)] of `count` rows that stand one behind the other.
  void (*hamming_row)(const std::uint64_t* a, const std::uint64_t* rows, std::size_t count, std::size_t words,
                      const float* scores, float* out);
};

const Kernels& kernels();           // the fastest that this machine runs
const Kernels& portable_kernels();  // for comparison

}  // namespace welt::similarity
