// Products of many rows with a weight, and the gradient of a weight. What is multiplied is seen as units of 32 bits: a
// float, or two bfloat16 that follow each other in the dimension that is summed, which one instruction multiplies and
// adds. The sum of an output runs over that dimension in order, wherever its row stands and whoever computes it.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

constexpr int panel = 2 * lanes;         // columns of a tile, and of what is packed for it
constexpr int64_t block_units = 1 << 16;  // of rows that stay in the second cache while all panels pass
constexpr int64_t depth_of_gradient = 128, columns_of_gradient = 512;  // units and columns that are packed at a time

template <typename E>
constexpr int64_t in_unit = 4 / static_cast<int64_t>(sizeof(E));

inline float as_float(int32_t unit) {
  float out;
  __builtin_memcpy(&out, &unit, sizeof out);
  return out;
}
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

// How units of E are multiplied: as many rows of sums as the registers hold beside what is multiplied.
template <typename E>
struct Multiplied;

template <>
struct Multiplied<float> {
#if defined(__AVX512F__)
  static constexpr int rows = 14;
#else
  static constexpr int rows = 6;
#endif
  using Right = Vec;
  static Right right(Ints of) { return of_bits(of); }
  static Vec added(Vec sum, int32_t left, Right right) { return sum + all(as_float(left)) * right; }
};

template <>
struct Multiplied<bfloat16> {
#if defined(__AVX512BF16__)
  static constexpr int rows = 14;
  using Right = Ints;
  static Right right(Ints of) { return of; }
  static Vec added(Vec sum, int32_t left, Right right) {
    return (Vec)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_epi32(left), (__m512bh)right);
  }
#else
#if defined(__AVX512F__)
  static constexpr int rows = 12;
#else
  static constexpr int rows = 4;
#endif
  struct Right {
    Vec first, second;
  };
  static Right right(Ints of) { return {of_bits(of << 16), of_bits(of & static_cast<int32_t>(0xffff0000))}; }
  static Vec added(Vec sum, int32_t left, const Right& right) {
    const Ints both = Ints{} + left;
    return sum + of_bits(both << 16) * right.first + of_bits(both & static_cast<int32_t>(0xffff0000)) * right.second;
  }
#endif
};

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
template <typename E, int R, typename To>
inline void tile(const Left& left, const int32_t* right, int64_t depth, const Start& start, const Out<To>& out) {
  Vec sums[2 * R];
#pragma GCC unroll 32
  for (int i = 0; i < 2 * R; ++i) sums[i] = load(start.data + i / 2 * start.row + i % 2 * lanes);
  const int32_t* at = left.data;
  const int64_t row = left.row;
  for (int64_t u = 0; u < depth; ++u) {
    const auto first = Multiplied<E>::right(units(right)), second = Multiplied<E>::right(units(right + lanes));
#pragma GCC unroll 32
    for (int r = 0; r < R; ++r) {
      const int32_t broadcast = unit(at + r * row);
      sums[2 * r] = Multiplied<E>::added(sums[2 * r], broadcast, first);
      sums[2 * r + 1] = Multiplied<E>::added(sums[2 * r + 1], broadcast, second);
    }
    right += panel, at += left.step;
  }
#pragma GCC unroll 32
  for (int r = 0; r < R; ++r) out(r, sums[2 * r], sums[2 * r + 1]);
}

// Of `rows` rows, 1 to a whole tile's.
template <typename E, typename To, int R = Multiplied<E>::rows>
__attribute__((noinline)) void tile_of(int64_t rows, const Left& left, const int32_t* right, int64_t depth,
                                       const Start& start, const Out<To>& out) {
  if (rows >= R) return tile<E, R>(left, right, depth, start, out);
  if constexpr (R > 1) tile_of<E, To, R - 1>(rows, left, right, depth, start, out);
}

// Units of `count` numbers times in_unit<E> that lie next to each other, as E.
template <typename E, typename From>
inline void read_units(const From* from, int64_t count, int32_t* to) {
  if constexpr (sizeof(From) == sizeof(E)) {
    count == lanes ? __builtin_memcpy(to, from, 4 * lanes) : __builtin_memcpy(to, from, static_cast<size_t>(4 * count));
  } else {
    bfloat16 narrowed[2 * lanes];
    if (count == lanes)
      store(narrowed, load(from)), store(narrowed + lanes, load(from + lanes));
    else
      for (int64_t i = 0; i < 2 * count; ++i) narrow(from[i], narrowed[i]);
    __builtin_memcpy(to, narrowed, static_cast<size_t>(4 * count));
  }
}

// Panel [units, Width] of `columns` columns, the rest 0, where each column's numbers lie behind each other.
template <typename E, int Width, typename From>
void pack_dense(const From* from, int64_t column, int64_t columns, int64_t depth, int32_t* to) {
  int32_t block[Width * lanes] = {};
  const int64_t all_units = depth / in_unit<E>;
  for (int64_t u = 0; u < all_units; u += lanes, to += Width * lanes) {
    const int64_t count = all_units - u < lanes ? all_units - u : lanes;
    for (int64_t c = 0; c < columns; ++c) read_units<E>(from + c * column + u * in_unit<E>, count, block + c * lanes);
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
template <typename E, int Width, typename From>
void pack_beside(const From* from, int64_t row, int64_t columns, int64_t depth, int32_t* to) {
  for (int64_t d = 0; d < depth; d += in_unit<E>, to += Width) {
    const From* at = from + d * row;
    for (int v = 0; v < Width; v += lanes) {
      if constexpr (sizeof(E) == sizeof(float)) {
        put(to + v, bits(load_of(at + v, columns - v)));
      } else {
        const Ints first = halves(at + v, columns - v);
        put(to + v, d + 1 < depth ? first | (halves(at + row + v, columns - v) << 16) : first);
      }
    }
  }
}

template <typename E, typename From>
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
      pack_dense<E, panel>(data + column * weight.output, weight.output, left < panel ? left : panel, depth, to);
    else
      pack_beside<E, panel>(data + column, weight.step, left, depth, to);
    to += depth / in_unit<E> * panel;
  }
}

// Rows a multiple of so many bytes apart would stand in each other's places in the first cache: they are packed.
bool collide(int64_t row_units) { return row_units % 1024 == 0; }

template <typename E>
int64_t rows_of_block(int64_t depth_units) {
  constexpr int64_t tile_rows = Multiplied<E>::rows;
  const int64_t tiles = block_units / (tile_rows * depth_units);
  return tile_rows * (tiles > 1 ? tiles : 1);
}

template <typename E>
void multiply(const ProductWeight& weight, const ProductRows& rows, const int32_t* packed, int64_t first_row,
              int64_t last_row, int64_t first_panel, int64_t last_panel, int32_t* scratch) {
  constexpr int64_t tile_rows = Multiplied<E>::rows;
  const int64_t depth = weight.depth / in_unit<E>, block = rows_of_block<E>(depth);
  const bool packing = collide(depth);
  const auto* x = static_cast<const E*>(rows.x);
  auto* out = static_cast<E*>(rows.out);
  for (int64_t from = first_row; from < last_row; from += block) {
    const int64_t to = from + block < last_row ? from + block : last_row;
    const auto count = [&](int64_t m) { return to - m < tile_rows ? to - m : tile_rows; };
    if (packing)
      for (int64_t m = from; m < to; m += tile_rows)
        pack_dense<E, tile_rows>(x + m * weight.depth, weight.depth, count(m), weight.depth,
                                 scratch + (m - from) * depth);
    for (int64_t p = first_panel; p < last_panel; ++p) {
      const int32_t* right = packed + (p - first_panel) * (depth + 1) * panel;
      const Start start{reinterpret_cast<const float*>(right), 0};
      for (int64_t m = from; m < to; m += tile_rows) {
        const Left left = packing
                              ? Left{scratch + (m - from) * depth, 1, tile_rows}
                              : Left{reinterpret_cast<const int32_t*>(x + m * weight.depth), depth, 1};
        E* at = out + m * weight.outputs + p * panel;
        tile_of<E>(count(m), left, right + panel, depth, start, Out<E>{at, weight.outputs, weight.outputs - p * panel});
      }
    }
  }
}

template <typename E>
void gradient(const ProductGradient& of, int64_t first_left, int64_t last_left, int64_t first_right, int64_t last_right,
              int32_t* scratch) {
  constexpr int64_t tile_rows = Multiplied<E>::rows, tokens_of_block = depth_of_gradient * in_unit<E>;
  const float zeros[panel] = {};
  int32_t* right = scratch;
  int32_t* left = scratch + depth_of_gradient * panel;
  const auto *x = static_cast<const E*>(of.right), *d = static_cast<const E*>(of.left);
  for (int64_t n0 = first_left; n0 < last_left; n0 += columns_of_gradient) {
    const int64_t n1 = n0 + columns_of_gradient < last_left ? n0 + columns_of_gradient : last_left;
    for (int64_t t = 0; t < of.tokens; t += tokens_of_block) {
      const int64_t tokens = of.tokens - t < tokens_of_block ? of.tokens - t : tokens_of_block,
                    depth = (tokens + in_unit<E> - 1) / in_unit<E>;
      for (int64_t n = n0; n < n1; n += tile_rows)
        pack_beside<E, tile_rows>(d + t * of.left_width + n, of.left_width, of.left_width - n, tokens,
                                  left + (n - n0) * depth_of_gradient);
      for (int64_t k = first_right; k < last_right; k += panel) {
        pack_beside<E, panel>(x + t * of.right_width + k, of.right_width, of.right_width - k, tokens, right);
        for (int64_t n = n0; n < n1; n += tile_rows) {
          float* at = of.out + n * of.right_width + k;
          const int64_t columns = of.right_width - k, rows = n1 - n < tile_rows ? n1 - n : tile_rows;
          const Left tile_left{left + (n - n0) * depth_of_gradient, 1, tile_rows};
          const Out<float> out{at, of.right_width, columns};
          if (t == 0) {
            tile_of<E>(rows, tile_left, right, depth, {zeros, 0}, out);
          } else if (columns >= panel) {
            tile_of<E>(rows, tile_left, right, depth, {at, of.right_width}, out);
          } else {
            float before[tile_rows * panel] = {};
            for (int64_t r = 0; r < rows; ++r)
              for (int64_t c = 0; c < columns; ++c) before[r * panel + c] = at[r * of.right_width + c];
            tile_of<E>(rows, tile_left, right, depth, {before, panel}, out);
          }
        }
      }
    }
  }
}

}  // namespace

std::int64_t product_panel() { return panel; }

void product_pack(const ProductWeight& weight, std::int64_t first, std::int64_t last, std::int32_t* to) {
  with_numbers(
      [&](auto multiplied, auto stored) {
        using E = decltype(multiplied);
        using From = decltype(stored);
        if constexpr (sizeof(From) >= sizeof(E)) pack<E, From>(weight, first, last, to);
      },
      weight.number, weight.stored);
}

std::int64_t product_scratch(const ProductWeight& weight) {
  std::int64_t out = 0;
  with_numbers(
      [&](auto number) {
        using E = decltype(number);
        const int64_t depth = weight.depth / in_unit<E>;
        if (collide(depth)) out = rows_of_block<E>(depth) * depth;
      },
      weight.number);
  return out;
}

void product(const ProductWeight& weight, const ProductRows& rows, const std::int32_t* packed, std::int64_t first_row,
             std::int64_t last_row, std::int64_t first_panel, std::int64_t last_panel, std::int32_t* scratch) {
  with_numbers(
      [&](auto number) {
        multiply<decltype(number)>(weight, rows, packed, first_row, last_row, first_panel, last_panel, scratch);
      },
      weight.number);
}

std::int64_t gradient_scratch() { return depth_of_gradient * (panel + columns_of_gradient + panel) + panel; }

void product_gradient(const ProductGradient& of, std::int64_t first_left, std::int64_t last_left,
                      std::int64_t first_right, std::int64_t last_right, std::int32_t* scratch) {
  with_numbers(
      [&](auto number) {
        gradient<decltype(number)>(of, first_left, last_left, first_right, last_right, scratch);
      },
      of.number);
}

}  // namespace welt::kernels::WELT_KERNELS
