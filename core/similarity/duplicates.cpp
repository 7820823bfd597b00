// See duplicates.h.
//
// Dense rows, any_earlier: most pairs are far apart, and the first quarter of the columns says so. With a = (a₁, a₂)
// the product a·b is at most a₁·b₁ + |a₂|·|b₂| (Cauchy-Schwarz), so only pairs whose bound is above the threshold are
// multiplied out.
#include "core/similarity/duplicates.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/similarity/kernels.h"
#include "core/similarity/packed_rows.h"
#include "core/similarity/parallel.h"
#include "core/similarity/ranking.h"

namespace welt::similarity {
namespace {

constexpr float slack = 1e-5F;  // for rounding in the bound
constexpr std::size_t block_rows = 192;

void check(const DuplicateOptions& options) {
  if (std::isfinite(options.threshold)) return;
  fail({.where = "the threshold of duplicates", .found = fmt::format("{}", options.threshold), .expected = "a number"});
}

// The place of every row that is set.
std::vector<std::size_t> places(const std::vector<std::atomic<bool>>& dropped) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < dropped.size(); ++i)
    if (dropped[i]) out.push_back(i);
  return out;
}

std::vector<std::size_t> any_earlier(const Matrix& rows, float threshold, int threads) {
  const std::size_t head = rows.dim < 64 ? rows.dim : std::max<std::size_t>(32, rows.dim / 4), rest = rows.dim - head;
  const Kernels& fast = kernels();
  // Lengths of what is behind the head; as many as the panels have columns.
  std::vector<float> tail((rows.rows + tile_columns - 1) / tile_columns * tile_columns);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const float* from = rows.row(i) + head;
    tail[i] = std::sqrt(std::max(0.0F, fast.dot(from, from, rest)));
  }
  const PackedRows packed(rows, 0, rows.rows, head);
  std::vector<std::atomic<bool>> dropped(rows.rows);
  const std::size_t blocks = (rows.rows + block_rows - 1) / block_rows;
  // Large blocks first: the later rows have more before them.
  for_parts(blocks, 1, threads, [&](std::size_t part, std::size_t, std::size_t) {
    const std::size_t begin = (blocks - 1 - part) * block_rows, end = std::min(rows.rows, begin + block_rows);
    float tile[tile_rows * tile_columns];
    for (std::size_t panel = 0; panel * tile_columns < end; ++panel) {
      const std::size_t first = panel * tile_columns;
      for (std::size_t i = begin; i < end; i += tile_rows) {
        const std::size_t count = std::min(tile_rows, end - i);
        if (i + count <= first) continue;
        fast.tile(rows.row(i), rows.dim, count, packed.panel(panel), head, tile);
        for (std::size_t r = 0; r < count; ++r) {
          const std::size_t row = i + r;
          std::uint32_t near =
              fast.bounds_above(tile + r * tile_columns, tail.data() + first, tail[row], threshold - slack);
          if (near == 0 || dropped[row].load(std::memory_order_relaxed)) continue;
          for (; near != 0; near &= near - 1) {
            const std::size_t earlier = first + static_cast<std::size_t>(std::countr_zero(near));
            if (earlier >= row) break;
            if (fast.dot(rows.row(earlier), rows.row(row), rows.dim) > threshold) {
              dropped[row].store(true, std::memory_order_relaxed);
              break;
            }
          }
        }
      }
    }
  });
  return places(dropped);
}

std::vector<std::size_t> any_earlier(const BitMatrix& rows, float threshold, int threads) {
  std::vector<std::atomic<bool>> dropped(rows.rows);
  constexpr std::size_t grain = 16;
  const std::size_t parts = (rows.rows + grain - 1) / grain;
  for_parts(parts, 1, threads, [&](std::size_t part, std::size_t, std::size_t) {
    const std::size_t begin = (parts - 1 - part) * grain, end = std::min(rows.rows, begin + grain);
    for (std::size_t row = begin; row < end; ++row) {
      for (std::size_t earlier = 0; earlier < row; ++earlier) {
        if (bit_similarity({rows.row(earlier), rows.words}, {rows.row(row), rows.words}) <= threshold) continue;
        dropped[row].store(true, std::memory_order_relaxed);
        break;
      }
    }
  });
  return places(dropped);
}

// `is_near(i, j)`: whether the two score above the threshold. In the reference the pairs below the diagonal of a block
// score 0, which is above a negative threshold.
std::vector<std::size_t> by_blocks(std::size_t count, std::size_t block, float threshold,
                                   const std::function<bool(std::size_t, std::size_t)>& is_near) {
  std::vector<char> dropped(count, 0);
  for (std::size_t i = 0; i < count; i += block) {
    const std::size_t end = std::min(count, i + block);
    for (std::size_t j = i; j < count; j += block) {
      const std::vector<char> before(dropped.begin() + static_cast<std::ptrdiff_t>(i),
                                     dropped.begin() + static_cast<std::ptrdiff_t>(end));
      for (std::size_t a = i; a < end; ++a) {
        if (before[a - i] != 0) continue;
        for (std::size_t b = j; b < std::min(count, j + block); ++b) {
          if (a == b || dropped[b] != 0) continue;
          if (b - j < a - i ? 0.0F > threshold : is_near(a, b)) dropped[b] = 1;
        }
      }
    }
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < count; ++i)
    if (dropped[i] != 0) out.push_back(i);
  return out;
}

}  // namespace

std::vector<std::size_t> duplicates(Matrix rows, const DuplicateOptions& options) {
  check(options);
  normalize(rows);
  const auto threshold = static_cast<float>(options.threshold);
  if (options.rule == DuplicateRule::any_earlier) return any_earlier(rows, threshold, options.threads);
  return by_blocks(rows.rows, options.block > 0 ? options.block : 5000, threshold, [&](std::size_t a, std::size_t b) {
    return kernels().dot(rows.row(a), rows.row(b), rows.dim) > threshold;
  });
}

std::vector<std::size_t> duplicates(const BitMatrix& rows, const DuplicateOptions& options) {
  check(options);
  const auto threshold = static_cast<float>(options.threshold);
  if (options.rule == DuplicateRule::any_earlier) return any_earlier(rows, threshold, options.threads);
  return by_blocks(rows.rows, options.block > 0 ? options.block : 500, threshold, [&](std::size_t a, std::size_t b) {
    return bit_similarity({rows.row(a), rows.words}, {rows.row(b), rows.words}) > threshold;
  });
}

}  // namespace welt::similarity
