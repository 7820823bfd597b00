// Products of many rows with a weight in bfloat16, and the gradient of the weight. What is multiplied is seen as units
// of 32 bits: two numbers that follow each other in the dimension that is summed, which one instruction multiplies and
// adds. The sum of an output runs over that dimension in order, wherever its row stands and whoever computes it.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

constexpr int panel = 2 * lanes;          // columns of a tile, and of what is packed for it
constexpr int64_t block_units = 1 << 15;  // of rows that stay in the second cache while all panels pass
constexpr int64_t depth_of_gradient = 128, columns_of_gradient = 512;  // units and columns that are packed at a time

inline int32_t unit(const int32_t* from) {
  int32_t out;
  __builtin_memcpy(&out, from, sizeof out);
  return out;
}
inline Ints units(const int32_t* from) {
  Ints out;
  __builtin_memcpy(&out, from, sizeof out);
  return out;
}
inline void put(int32_t* to, Ints value) { __builtin_memcpy(to, &value, sizeof value); }

// `sum` and what `left` and the units of `right` make: as many rows of sums as the registers hold beside that.
#if defined(__AVX512BF16__)
constexpr int tile_rows = 14;
using Right = Ints;
inline Right right_of(Ints units) { return units; }
inline Vec added(Vec sum, int32_t left, Right right) {
  return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(left), (__m512bh)right);
}
#else
#if defined(__AVX512F__)
constexpr int tile_rows = 12;
#else
constexpr int tile_rows = 4;
#endif
constexpr auto upper_half = static_cast<int32_t>(0xffff0000);
struct Right {
  Vec first, second;
};
inline Right right_of(Ints units) { return {of_bits(units << 16), of_bits(units & upper_half)}; }
inline Vec added(Vec sum, int32_t left, const Right& right) {
  const Ints both = Ints{} + left;
  return sum + of_bits(both << 16) * right.first + of_bits(both & upper_half) * right.second;
}
#endif

// Unit u of row r stands at r · row + u · step.
struct Left {
  const int32_t* data;
  int64_t row, step;
};

// Where sums begin: 0, a bias for all rows (row = 0), or what is there already.
struct Start {
  const float* data;
  int64_t row;
};

template <typename E>
struct Out {
  E* data;
  int64_t row, columns;
  void operator()(int r, Vec first, Vec second) const {
    E* to = data + r * row;
    if (columns >= panel) {
      store(to, first), store(to + lanes, second);
    } else {
      store_of(to, first, columns);
      if (columns > lanes) store_of(to + lanes, second, columns - lanes);
    }
  }
};

// R rows by a panel, in registers.
template <int R, typename To>
inline void tile(const Left& left, const int32_t* right, int64_t depth, const Start& start, const Out<To>& out) {
  Vec sums[2 * R];
#pragma GCC unroll 32
  for (int i = 0; i < 2 * R; ++i) sums[i] = load(start.data + i / 2 * start.row + i % 2 * lanes);
  const int32_t* at = left.data;
  const int64_t row = left.row;
  for (int64_t u = 0; u < depth; ++u) {
    const Right first = right_of(units(right)), second = right_of(units(right + lanes));
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) {
      const int32_t broadcast = unit(at + r * row);
      sums[2 * r] = added(sums[2 * r], broadcast, first);
      sums[2 * r + 1] = added(sums[2 * r + 1], broadcast, second);
    }
    right += panel, at += left.step;
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) out(r, sums[2 * r], sums[2 * r + 1]);
}

// Of `rows` rows, 1 to a whole tile's.
template <typename To, int R = tile_rows>
__attribute__((noinline)) void tile_of(int64_t rows, const Left& left, const int32_t* right, int64_t depth,
                                       const Start& start, const Out<To>& out) {
  if (rows >= R) return tile<R>(left, right, depth, start, out);
  if constexpr (R > 1) tile_of<To, R - 1>(rows, left, right, depth, start, out);
}

// Units of numbers that lie next to each other, `count` up to a vector.
inline void read_units(const bfloat16* from, int64_t count, int32_t* to) {
  __builtin_memcpy(to, from, static_cast<size_t>(4 * count));
}
inline void read_units(const float* from, int64_t count, int32_t* to) {
  bfloat16 narrowed[2 * lanes];
  if (count == lanes)
    store(narrowed, load(from)), store(narrowed + lanes, load(from + lanes));
  else
    for (int64_t i = 0; i < 2 * count; ++i) narrow(from[i], narrowed[i]);
  read_units(narrowed, count, to);
}

// Panel [units, Width] of `columns` columns, the rest 0, where each column's numbers lie behind each other.
template <int Width, typename From>
void pack_dense(const From* from, int64_t column, int64_t columns, int64_t depth, int32_t* to) {
  int32_t block[Width * lanes] = {};
  const int64_t all_units = depth / 2;
  for (int64_t u = 0; u < all_units; u += lanes, to += Width * lanes) {
    const int64_t count = all_units - u < lanes ? all_units - u : lanes;
    for (int64_t c = 0; c < columns; ++c) read_units(from + c * column + 2 * u, count, block + c * lanes);
    for (int64_t i = 0; i < count; ++i)
      for (int c = 0; c < Width; ++c) to[i * Width + c] = block[c * lanes + i];
  }
}

// The upper halves of floats that are rounded to bfloat16.
inline Ints halves(const bfloat16* from, int64_t count) {
  return (Ints)((((Ints)bits(load_of(from, count))) >> 16) & 0xffff);
}
inline Ints halves(const float* from, int64_t count) {
  bfloat16 narrowed[lanes];
  store(narrowed, load_of(from, count));
  return halves(narrowed, lanes);
}

// The same where the columns lie beside each other; `columns` may be more than Width. Where Width is no whole number of
// vectors, up to a vector behind the panel is overwritten.
template <int Width, typename From>
void pack_beside(const From* from, int64_t row, int64_t columns, int64_t depth, int32_t* to) {
  for (int64_t d = 0; d < depth; d += 2, to += Width) {
    const From* at = from + d * row;
    for (int v = 0; v < Width; v += lanes) {
      const Ints first = halves(at + v, columns - v);
      put(to + v, d + 1 < depth ? first | (halves(at + row + v, columns - v) << 16) : first);
    }
  }
}

template <typename From>
void pack(const ProductWeight& weight, int64_t first, int64_t last, int32_t* to) {
  const auto* data = static_cast<const From*>(weight.data);
  const int64_t depth = weight.depth;
  for (int64_t p = first; p < last; ++p) {
    const int64_t column = p * panel, left = weight.outputs - column;
    float bias[panel] = {};
    if (weight.bias != nullptr)
      for (int64_t c = 0; c < panel && c < left; ++c) bias[c] = weight.bias[column + c];
    __builtin_memcpy(to, bias, sizeof bias);
    to += panel;
    if (weight.step == 1)
      pack_dense<panel>(data + column * weight.output, weight.output, left < panel ? left : panel, depth, to);
    else
      pack_beside<panel>(data + column, weight.step, left, depth, to);
    to += depth / 2 * panel;
  }
}

// Rows a multiple of so many bytes apart would stand in each other's places in the first cache: they are packed.
bool collide(int64_t row_units) { return row_units % 1024 == 0; }

int64_t rows_of_block(int64_t depth_units) {
  const int64_t tiles = block_units / (tile_rows * depth_units);
  return tile_rows * (tiles > 1 ? tiles : 1);
}

// Memory that is wanted soon, asked for piece by piece while something else is multiplied: rows of `bytes`, `row`
// apart.
class Ahead {
 public:
  Ahead(const void* from, int64_t rows, int64_t row, int64_t bytes, int64_t times)
      : at_(static_cast<const char*>(from)), row_(row), bytes_(bytes) {
    lines_ = rows * ((bytes + line - 1) / line);
    each_ = times > 0 ? (lines_ + times - 1) / times : 0;
  }
  void some() {
    for (int64_t i = 0; i < each_ && lines_ > 0; ++i, --lines_) {
      __builtin_prefetch(at_ + within_, /*rw=*/0, /*locality=*/2);
      within_ += line;
      if (within_ >= bytes_) within_ = 0, at_ += row_;
    }
  }

 private:
  static constexpr int64_t line = 64;
  const char* at_;
  int64_t row_, bytes_, within_ = 0, lines_, each_;
};

// A panel of a row that is about to be written: its lines are fetched meanwhile.
inline void claim(bfloat16* to) {
  for (int c = 0; c < panel; c += 32) __builtin_prefetch(to + c, /*rw=*/1, /*locality=*/3);
}

}  // namespace

std::int64_t product_panel() { return panel; }

void product_pack(const ProductWeight& weight, std::int64_t first, std::int64_t last, std::int32_t* to) {
  with_numbers([&](auto stored) { pack<decltype(stored)>(weight, first, last, to); }, weight.stored);
}

std::int64_t product_scratch(const ProductWeight& weight) {
  const int64_t depth = weight.depth / 2;
  return collide(depth) ? rows_of_block(depth) * depth : 0;
}

void product(const ProductWeight& weight, const ProductRows& rows, const std::int32_t* packed, std::int64_t first_row,
             std::int64_t last_row, std::int64_t first_panel, std::int64_t last_panel, std::int32_t* scratch) {
  const int64_t depth = weight.depth / 2, block = rows_of_block(depth);
  const bool packing = collide(depth);
  const auto* x = static_cast<const bfloat16*>(rows.x);
  auto* out = static_cast<bfloat16*>(rows.out);
  for (int64_t from = first_row; from < last_row; from += block) {
    const int64_t to = from + block < last_row ? from + block : last_row;
    const auto count = [&](int64_t m) { return to - m < tile_rows ? to - m : tile_rows; };
    if (packing)
      for (int64_t m = from; m < to; m += tile_rows)
        pack_dense<tile_rows>(x + m * weight.depth, weight.depth, count(m), weight.depth, scratch + (m - from) * depth);
    const int64_t next = to + block < last_row ? to + block : last_row, tiles = (to - from + tile_rows - 1) / tile_rows,
                  row_bytes = weight.depth * static_cast<int64_t>(sizeof(bfloat16));
    Ahead ahead(x + to * weight.depth, 1, 0, (next - to) * row_bytes, tiles * (last_panel - first_panel));
    for (int64_t p = first_panel; p < last_panel; ++p) {
      const int32_t* right = packed + (p - first_panel) * (depth + 1) * panel;
      const Start start{reinterpret_cast<const float*>(right), 0};
      for (int64_t m = from; m < to; m += tile_rows) {
        const Left left = packing ? Left{scratch + (m - from) * depth, 1, tile_rows}
                                  : Left{reinterpret_cast<const int32_t*>(x + m * weight.depth), depth, 1};
        bfloat16* at = out + m * weight.outputs + p * panel;
        ahead.some();
        for (int64_t r = 0; r < count(m); ++r) claim(at + r * weight.outputs);
        tile_of(count(m), left, right + panel, depth, start,
                Out<bfloat16>{at, weight.outputs, weight.outputs - p * panel});
      }
    }
  }
}

std::int64_t gradient_scratch() { return depth_of_gradient * (panel + columns_of_gradient + panel) + panel; }

void product_gradient(const ProductGradient& of, std::int64_t first_left, std::int64_t last_left,
                      std::int64_t first_right, std::int64_t last_right, std::int32_t* scratch) {
  constexpr int64_t tokens_of_block = 2 * depth_of_gradient;
  const float zeros[panel] = {};
  int32_t* right = scratch;
  int32_t* left = scratch + depth_of_gradient * panel;
  const auto *x = static_cast<const bfloat16*>(of.right), *d = static_cast<const bfloat16*>(of.left);
  for (int64_t n0 = first_left; n0 < last_left; n0 += columns_of_gradient) {
    const int64_t n1 = n0 + columns_of_gradient < last_left ? n0 + columns_of_gradient : last_left;
    for (int64_t t = 0; t < of.tokens; t += tokens_of_block) {
      const int64_t tokens = of.tokens - t < tokens_of_block ? of.tokens - t : tokens_of_block,
                    depth = (tokens + 1) / 2;
      for (int64_t n = n0; n < n1; n += tile_rows)
        pack_beside<tile_rows>(d + t * of.left_width + n, of.left_width, of.left_width - n, tokens,
                               left + (n - n0) * depth_of_gradient);
      const int64_t t1 = t + tokens, next = of.tokens - t1 < tokens_of_block ? of.tokens - t1 : tokens_of_block,
                    size = static_cast<int64_t>(sizeof(bfloat16)), tiles = (n1 - n0 + tile_rows - 1) / tile_rows,
                    times = tiles * ((last_right - first_right + panel - 1) / panel);
      Ahead left_ahead(d + t1 * of.left_width + n0, next, of.left_width * size, (n1 - n0) * size, times),
          right_ahead(x + t1 * of.right_width + first_right, next, of.right_width * size,
                      (last_right - first_right) * size, times);
      for (int64_t k = first_right; k < last_right; k += panel) {
        pack_beside<panel>(x + t * of.right_width + k, of.right_width, of.right_width - k, tokens, right);
        for (int64_t n = n0; n < n1; n += tile_rows) {
          float* at = of.out + n * of.right_width + k;
          left_ahead.some(), right_ahead.some();
          const int64_t columns = of.right_width - k, rows = n1 - n < tile_rows ? n1 - n : tile_rows;
          const Left tile_left{left + (n - n0) * depth_of_gradient, 1, tile_rows};
          const Out<float> out{at, of.right_width, columns};
          if (t == 0) {
            tile_of(rows, tile_left, right, depth, {zeros, 0}, out);
          } else if (columns >= panel) {
            tile_of(rows, tile_left, right, depth, {at, of.right_width}, out);
          } else {
            float before[tile_rows * panel] = {};
            for (int64_t r = 0; r < rows; ++r)
              for (int64_t c = 0; c < columns; ++c) before[r * panel + c] = at[r * of.right_width + c];
            tile_of(rows, tile_left, right, depth, {before, panel}, out);
          }
        }
      }
    }
  }
}

}  // namespace welt::kernels::WELT_KERNELS
