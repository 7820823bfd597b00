// Sums of rows that lie anywhere: the way back of a gather.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

// So many rows are added up before they are added to the rest: sums of thousands of rows lose fewer digits.
constexpr int64_t rows_of_a_part = 32;
constexpr int columns = 4;  // vectors that are summed at once, in registers

// `vectors` whole vectors of the rows' columns from `column` on.
template <int vectors, typename E>
void sum_whole(int64_t width, int64_t count, const int64_t* places, const E* from, E* to, int64_t column) {
  Vec total[vectors] = {};
  for (int64_t first = 0; first < count; first += rows_of_a_part) {
    const int64_t last = first + rows_of_a_part < count ? first + rows_of_a_part : count;
    Vec part[vectors] = {};
    for (int64_t i = first; i < last; ++i) {
      const E* row = from + places[i] * width + column;
      for (int v = 0; v < vectors; ++v) part[v] += load(row + v * lanes);
    }
    for (int v = 0; v < vectors; ++v) total[v] += part[v];
  }
  for (int v = 0; v < vectors; ++v) store(to + column + v * lanes, total[v]);
}

// The last columns, fewer than a vector.
template <typename E>
void sum_some(int64_t width, int64_t count, const int64_t* places, const E* from, E* to, int64_t column) {
  Vec total{};
  for (int64_t first = 0; first < count; first += rows_of_a_part) {
    const int64_t last = first + rows_of_a_part < count ? first + rows_of_a_part : count;
    Vec part{};
    for (int64_t i = first; i < last; ++i) part += load_some(from + places[i] * width + column, width - column);
    total += part;
  }
  store_some(to + column, total, width - column);
}

}  // namespace

void sum_rows(Number number, int64_t width, int64_t count, const int64_t* places, const void* from, void* to) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        const E* in = static_cast<const E*>(from);
        E* out = static_cast<E*>(to);
        int64_t column = 0;
        for (; column + columns * lanes <= width; column += columns * lanes)
          sum_whole<columns>(width, count, places, in, out, column);
        for (; column + lanes <= width; column += lanes) sum_whole<1>(width, count, places, in, out, column);
        if (column < width) sum_some(width, count, places, in, out, column);
      },
      number);
}

}  // namespace welt::kernels::WELT_KERNELS
