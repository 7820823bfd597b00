// See ranking.h.
#include "core/similarity/ranking.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/base/error.h"
#include "core/similarity/kernels.h"
#include "core/similarity/packed_rows.h"
#include "core/similarity/parallel.h"

namespace welt::similarity {
namespace {

float length_of(const float* row, std::size_t dim) {
  double sum = 0;
  for (std::size_t i = 0; i < dim; ++i) sum += static_cast<double>(row[i]) * static_cast<double>(row[i]);
  const auto length = static_cast<float>(std::sqrt(sum));
  return length == 0.0F ? 1.0F : length;
}

float score_of(std::uint32_t distance, std::size_t words) {
  const auto share = static_cast<float>(static_cast<double>(distance) / static_cast<double>(64 * words));
  return 1.0F - 2.0F * share;
}

std::vector<float> normalized(std::span<const float> vector) {
  std::vector<float> out(vector.begin(), vector.end());
  const float length = length_of(out.data(), out.size());
  for (float& value : out) value /= length;
  return out;
}

}  // namespace

void normalize(Matrix& matrix) {
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const float length = length_of(matrix.row(i), matrix.dim);
    for (std::size_t k = 0; k < matrix.dim; ++k) matrix.row(i)[k] /= length;
  }
}

BitMatrix binarized(const Matrix& matrix) {
  if (matrix.dim == 0 || matrix.dim % 64 != 0) {
    fail({.where = "binary vectors",
          .found = fmt::format("{} dimensions", matrix.dim),
          .expected = "a multiple of 64, for bits are packed into words of 64"});
  }
  BitMatrix out(matrix.rows, matrix.dim / 64);
  for (std::size_t i = 0; i < matrix.rows; ++i) {
    const float* row = matrix.row(i);
    for (std::size_t word = 0; word < out.words; ++word) {
      std::uint64_t bits = 0;
      for (std::size_t k = 0; k < 64; ++k) {
        const std::size_t place = 8 * (k / 8) + 7 - k % 8;
        bits |= std::uint64_t{row[64 * word + k] > 0.0F} << place;
      }
      out.row(i)[word] = bits;
    }
  }
  return out;
}

float cosine(std::span<const float> a, std::span<const float> b) {
  const std::vector<float> one = normalized(a), other = normalized(b);
  return kernels().dot(one.data(), other.data(), one.size());
}

float bit_similarity(std::span<const std::uint64_t> a, std::span<const std::uint64_t> b) {
  return score_of(kernels().hamming(a.data(), b.data(), a.size()), a.size());
}

std::vector<float> scores(std::span<const float> query, const Matrix& rows) {
  const std::vector<float> wanted = normalized(query);
  std::vector<float> out(rows.rows), row(rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const float length = length_of(rows.row(i), rows.dim);
    for (std::size_t k = 0; k < rows.dim; ++k) row[k] = rows.row(i)[k] / length;
    out[i] = kernels().dot(wanted.data(), row.data(), rows.dim);
  }
  return out;
}

std::vector<float> scores(std::span<const std::uint64_t> query, const BitMatrix& rows) {
  std::vector<float> out(rows.rows);
  for (std::size_t i = 0; i < rows.rows; ++i) out[i] = bit_similarity(query, {rows.row(i), rows.words});
  return out;
}

void score_matrix(const Matrix& a, const Matrix& b, std::span<float> out, int threads) {
  const Kernels& fast = kernels();
  constexpr std::size_t block = 96;  // rows of `a` at a time: they and a panel stay in the nearest caches
  const PackedRows packed(b, 0, b.rows, b.dim);
  for_parts(a.rows, block, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    float tile[tile_rows * tile_columns];
    for (std::size_t panel = 0; panel < packed.panels(); ++panel) {
      const std::size_t column = panel * tile_columns, columns = std::min(tile_columns, b.rows - column);
      for (std::size_t i = begin; i < end; i += tile_rows) {
        const std::size_t rows = std::min(tile_rows, end - i);
        fast.tile(a.row(i), a.dim, rows, packed.panel(panel), a.dim, tile);
        for (std::size_t r = 0; r < rows; ++r)
          std::memcpy(&out[(i + r) * b.rows + column], tile + r * tile_columns, columns * sizeof(float));
      }
    }
  });
}

void score_matrix(const BitMatrix& a, const BitMatrix& b, std::span<float> out, int threads) {
  const Kernels& fast = kernels();
  std::vector<float> by_distance(64 * a.words + 1);
  for (std::size_t i = 0; i < by_distance.size(); ++i)
    by_distance[i] = score_of(static_cast<std::uint32_t>(i), a.words);
  constexpr std::size_t block = 64;
  for_parts(a.rows, block, threads, [&](std::size_t begin, std::size_t end, std::size_t) {
    for (std::size_t i = begin; i < end; ++i)
      fast.hamming_row(a.row(i), b.values.data(), b.rows, b.words, by_distance.data(), &out[i * b.rows]);
  });
}

std::vector<std::size_t> order_of(std::span<const float> scores) {
  std::vector<std::size_t> out(scores.size());
  std::iota(out.begin(), out.end(), 0);
  std::ranges::stable_sort(out, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return out;
}

std::vector<std::size_t> above(std::span<const float> scores, double threshold) {
  if (!std::isfinite(threshold)) {
    fail({.where = "the threshold", .found = fmt::format("{}", threshold), .expected = "a number"});
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > static_cast<float>(threshold)) out.push_back(i);
  return out;
}

}  // namespace welt::similarity
