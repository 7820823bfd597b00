// Products of small matrices that lie in the caches: C = A · B, or C += A · B. A's numbers are broadcast, so that it
// may be read along either dimension; B and C have dense rows.
#pragma once

#include "vec.h"

namespace {

constexpr int panel = 2 * lanes;  // columns that a tile has

// [rows, depth], element (m, k) at m · row + k · step.
struct Left {
  const float* data;
  int64_t row, step;
};

// A tile of R rows and V vectors, kept in registers.
template <int R, int V, bool Add>
inline void tile(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t depth) {
  Vec sums[R * V];
#pragma GCC unroll 16
  for (int i = 0; i < R * V; ++i) sums[i] = Add ? load(c + i / V * c_row + i % V * lanes) : Vec{};
  for (int64_t k = 0; k < depth; ++k) {
    Vec right[V];
    for (int v = 0; v < V; ++v) right[v] = load(b + k * b_row + v * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < R * V; ++i) sums[i] += all(a.data[i / V * a.row + k * a.step]) * right[i % V];
  }
#pragma GCC unroll 16
  for (int i = 0; i < R * V; ++i) store(c + i / V * c_row + i % V * lanes, sums[i]);
}

#if defined(__AVX512F__)
constexpr int tile_rows = 8;
#elif defined(__AVX2__)
constexpr int tile_rows = 6;
#else
constexpr int tile_rows = 4;
#endif

// Of fewer rows than a whole one: all at once, for a sum alone waits for the one before.
template <int V, bool Add, int R = tile_rows - 1>
__attribute__((noinline)) void last_tile(int64_t rows, const Left& a, const float* b, int64_t b_row, float* c,
                                         int64_t c_row, int64_t depth) {
  if (rows == R) return tile<R, V, Add>(a, b, b_row, c, c_row, depth);
  if constexpr (R > 1) last_tile<V, Add, R - 1>(rows, a, b, b_row, c, c_row, depth);
}

template <int V, bool Add>
inline void column(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows, int64_t depth) {
  int64_t m = 0;
  const auto at = [&](int64_t row) { return Left{a.data + row * a.row, a.row, a.step}; };
  for (; m + tile_rows <= rows; m += tile_rows) tile<tile_rows, V, Add>(at(m), b, b_row, c + m * c_row, c_row, depth);
  if (m < rows) last_tile<V, Add>(rows - m, at(m), b, b_row, c + m * c_row, c_row, depth);
}

template <bool Add>
inline void product_of(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows,
                       int64_t columns, int64_t depth) {
  int64_t n = 0;
  for (; n + panel <= columns; n += panel) column<2, Add>(a, b + n, b_row, c + n, c_row, rows, depth);
  if (n < columns) column<1, Add>(a, b + n, b_row, c + n, c_row, rows, depth);
}

// c [rows, columns] (+)= a [rows, depth] · b [depth, columns]; columns in whole vectors.
inline void product(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows,
                    int64_t columns, int64_t depth, bool add) {
  if (add)
    product_of<true>(a, b, b_row, c, c_row, rows, columns, depth);
  else
    product_of<false>(a, b, b_row, c, c_row, rows, columns, depth);
}

}  // namespace
