// What generation does for a few rows at a time: attention over a cache, and products of few rows with large weights.
#include "core/kernels/kernel_table.h"
#include "heads.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

// A row of what is wanted soon: keys and values of all rows are more than the cache holds.
template <typename E>
inline void ask_for(const E* row, int64_t width) {
  for (int64_t i = 0; i < width; i += static_cast<int64_t>(64 / sizeof(E)))
    __builtin_prefetch(row + i, /*rw=*/0, /*locality=*/2);
}

// One query over slots low … high−1 of one head of the cache. `next`: keys of the head that comes then.
template <typename E>
void attend(const CachedRows& rows, const float* query, const E* keys, const E* values, const E* next, int64_t low,
            int64_t high, float* scores, float* out) {
  const int64_t width = rows.width, value_width = rows.value_width, count = high - low;
  for (int64_t j = 0; j < count; ++j) {
    const E* key = keys + (low + j) * width;
    ask_for(values + (low + j) * value_width, value_width);
    Vec total = all(0);
    for (int64_t i = 0; i < width; i += lanes) total += load(query + i) * load_of(key + i, width - i);
    scores[j] = sum(total) * rows.scale;
  }
  float top = scores[0];
  for (int64_t j = 1; j < count; ++j) top = scores[j] > top || scores[j] != scores[j] ? scores[j] : top;
  Vec total = all(0);
  for (int64_t j = 0; j < count; j += lanes) {
    const Vec e = exponential(load_some(scores + j, count - j < lanes ? count - j : lanes) - top);
    store_some(scores + j, e, count - j < lanes ? count - j : lanes);
    total += load_some(scores + j, count - j < lanes ? count - j : lanes);
  }
  const float inverse = 1 / sum(total);
  for (int64_t i = 0; i < value_width; i += lanes) store(out + i, all(0));
  for (int64_t j = 0; j < count; ++j) {
    const float weight = scores[j] * inverse;
    const E* value = values + (low + j) * value_width;
    ask_for(next + (low + j) * width, width);
    for (int64_t i = 0; i < value_width; i += lanes)
      store(out + i, load(out + i) + load_of(value + i, value_width - i) * weight);
  }
}

template <typename E>
void cached_task(const CachedRows& rows, int64_t row, int64_t kv_head, const HeadsOut& out, float* scratch) {
  float *query = scratch, *result = query + round_up(rows.width, 16), *scores = result + round_up(rows.value_width, 16);
  const int64_t place = (rows.cache_row == nullptr ? row : rows.cache_row[row]) * rows.kv_heads + kv_head;
  E* keys = static_cast<E*>(rows.keys) + place * rows.capacity * rows.width;
  E* values = static_cast<E*>(rows.values) + place * rows.capacity * rows.value_width;
  const bool more = kv_head + 1 < rows.kv_heads || (rows.cache_row == nullptr && row + 1 < rows.rows);
  const E* next = more ? keys + rows.capacity * rows.width : keys;
  const int64_t filled = rows.filled[row], times = rows.heads / rows.kv_heads;
  for (int64_t token = rows.offsets[row], slot = filled; token < rows.offsets[row + 1]; ++token, ++slot) {
    read_turned(rows, token, 1, at<E>(rows.key, token, kv_head), rows.width, query);
    write(query, rows.width, keys + slot * rows.width);
    read(at<E>(rows.value, token, kv_head), rows.value_width, result);
    write(result, rows.value_width, values + slot * rows.value_width);
  }
  for (int64_t token = rows.offsets[row], slot = filled; token < rows.offsets[row + 1]; ++token, ++slot) {
    const int64_t low = rows.left >= 0 && slot - rows.left > 0 ? slot - rows.left : 0;
    for (int64_t head = kv_head * times; head < (kv_head + 1) * times; ++head) {
      read_turned(rows, token, 1, at<E>(rows.query, token, head), rows.width, query);
      attend(rows, query, keys, values, next, low, slot + 1, scores, result);
      write(result, rows.value_width, at<E>(out, token, head));
    }
  }
}

// a b + c, rounded once wherever the set can: left to the compiler, that would hang on the loop it stands in.
inline float fused(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

// Rows of the weight beside N of x: as many as registers keep the sums of. at_once: a few times as many, which stay in
// the cache for every row of x while those behind them are asked for.
constexpr int most_rows = 4;
#if defined(__AVX512F__)
constexpr int outputs_beside(int n) { return n == 3 ? 4 : 16 / n; }
constexpr int64_t at_once = 16;
#else
constexpr int outputs_beside(int n) { return n == 1 ? 8 : n == 4 ? 3 : 4; }
constexpr int64_t at_once = 24;
#endif

// N rows of x with O rows of the weight: out [N, O]. `ahead`: O rows that are wanted next. The model is larger than the
// cache, and what is waited for from memory is not multiplied meanwhile.
template <int O, int N, typename W>
inline void dots(int64_t depth, const float* x, const W* weight, const W* ahead, float* out) {
  constexpr int64_t line = 64 / sizeof(W);
  Vec sums[round_up(O * N, lanes)] = {};
  int64_t k = 0;
  for (; k + lanes <= depth; k += lanes) {
    if (k % line == 0)
      for (int o = 0; o < O; ++o) __builtin_prefetch(ahead + o * depth + k, /*rw=*/0, /*locality=*/2);
    // What there is less of stays in registers, what there is more of is read as it is needed.
    Vec few[N < O ? N : O];
    if constexpr (N < O) {
      for (int n = 0; n < N; ++n) few[n] = load(x + n * depth + k);
      for (int o = 0; o < O; ++o) {
        const Vec right = load(weight + o * depth + k);
        for (int n = 0; n < N; ++n) sums[n * O + o] += few[n] * right;
      }
    } else {
      for (int o = 0; o < O; ++o) few[o] = load(weight + o * depth + k);
      for (int n = 0; n < N; ++n) {
        const Vec left = load(x + n * depth + k);
        for (int o = 0; o < O; ++o) sums[n * O + o] += left * few[o];
      }
    }
  }
  // Always in this order: a number is the same whatever rows and outputs it is computed beside.
  for (int i = 0; i < O * N; i += lanes) store(out + i, sums_of(sums + i));
  for (; k < depth; ++k)
    for (int n = 0; n < N; ++n)
      for (int o = 0; o < O; ++o) out[n * O + o] = fused(x[n * depth + k], wide(weight[o * depth + k]), out[n * O + o]);
}

// Products with outputs o … o+O−1 of those before `end`, scaled and added to, to where they belong.
template <int O, int N, typename W>
inline void block(const FewRows& p, int64_t row, int64_t o, int64_t end) {
  float sums[round_up(O * N, lanes)];
  const W* weight = static_cast<const W*>(p.weight) + o * p.depth;
  const bool asks = row == 0 && o + at_once + O <= end;
  dots<O, N>(p.depth, p.x + row * p.depth, weight, asks ? weight + at_once * p.depth : weight, sums);
  for (int n = 0; n < N; ++n) {
    float* out = p.out + (row + n) * p.outputs + o;
    for (int i = 0; i < O; ++i) {
      const float scale = p.scales == nullptr ? 1 : p.scales[o + i], add = p.bias == nullptr ? 0 : p.bias[o + i];
      out[i] = fused(sums[n * O + i], scale, add);
    }
  }
}

template <int N, typename W>
inline void few_rows(const FewRows& p, int64_t row, int64_t first, int64_t last, int64_t end) {
  constexpr int O = outputs_beside(N);
  int64_t o = first;
  for (; o + O <= last; o += O) block<O, N, W>(p, row, o, end);
  for (; o < last; ++o) block<1, N, W>(p, row, o, end);
}

// The rows from `row` on, N at a time, then the rest by as many at a time as they are.
template <int N, typename W>
inline void rows_of(const FewRows& p, int64_t row, int64_t first, int64_t last, int64_t end) {
  for (; p.rows - row >= N; row += N) few_rows<N, W>(p, row, first, last, end);
  if constexpr (N > 1) rows_of<N - 1, W>(p, row, first, last, end);
}

template <typename W>
void product_of(const FewRows& p, int64_t first, int64_t last) {
  for (int64_t o = first; o < last; o += at_once)
    rows_of<most_rows, W>(p, 0, o, o + at_once < last ? o + at_once : last, last);
}

}  // namespace

int64_t cached_attention_scratch(const CachedRows& rows) {
  return round_up(rows.width, 16) + round_up(rows.value_width, 16) + round_up(rows.capacity, 16);
}

void cached_attention(const CachedRows& rows, int64_t first, int64_t last, const HeadsOut& out, float* scratch) {
  with_numbers(
      [&](auto e) {
        for (int64_t task = first; task < last; ++task)
          cached_task<decltype(e)>(rows, task / rows.kv_heads, task % rows.kv_heads, out, scratch);
      },
      rows.number);
}

void few_rows_product(const FewRows& p, int64_t first, int64_t last) {
  switch (p.kind) {
    case FewRows::Weight::float32:
      return product_of<float>(p, first, last);
    case FewRows::Weight::bfloat16:
      return product_of<bfloat16>(p, first, last);
    case FewRows::Weight::int8:
      return product_of<int8_t>(p, first, last);
  }
}

}  // namespace welt::kernels::WELT_KERNELS
