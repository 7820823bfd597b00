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
template <int R, int V>
inline void tile(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t depth, bool add) {
  Vec sums[R][V];
  for (int m = 0; m < R; ++m)
    for (int v = 0; v < V; ++v) sums[m][v] = add ? load(c + m * c_row + v * lanes) : Vec{};
  for (int64_t k = 0; k < depth; ++k) {
    Vec right[V];
    for (int v = 0; v < V; ++v) right[v] = load(b + k * b_row + v * lanes);
    for (int m = 0; m < R; ++m) {
      const Vec left = all(a.data[m * a.row + k * a.step]);
      for (int v = 0; v < V; ++v) sums[m][v] += left * right[v];
    }
  }
  for (int m = 0; m < R; ++m)
    for (int v = 0; v < V; ++v) store(c + m * c_row + v * lanes, sums[m][v]);
}

#if defined(__AVX512F__)
constexpr int tile_rows = 8;
#elif defined(__AVX2__)
constexpr int tile_rows = 6;
#else
constexpr int tile_rows = 4;
#endif

template <int V>
inline void column(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows, int64_t depth,
                   bool add) {
  int64_t m = 0;
  const auto at = [&](int64_t row) { return Left{a.data + row * a.row, a.row, a.step}; };
  for (; m + tile_rows <= rows; m += tile_rows) tile<tile_rows, V>(at(m), b, b_row, c + m * c_row, c_row, depth, add);
  for (; m + 2 <= rows; m += 2) tile<2, V>(at(m), b, b_row, c + m * c_row, c_row, depth, add);
  if (m < rows) tile<1, V>(at(m), b, b_row, c + m * c_row, c_row, depth, add);
}

// c [rows, columns] (+)= a [rows, depth] · b [depth, columns]; columns in whole vectors.
inline void product(const Left& a, const float* b, int64_t b_row, float* c, int64_t c_row, int64_t rows,
                    int64_t columns, int64_t depth, bool add) {
  int64_t n = 0;
  for (; n + panel <= columns; n += panel) column<2>(a, b + n, b_row, c + n, c_row, rows, depth, add);
  if (n < columns) column<1>(a, b + n, b_row, c + n, c_row, rows, depth, add);
}

}  // namespace
