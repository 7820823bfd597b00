// What generation does for a few rows at a time: attention over a cache, and products of few rows with large weights.
#include "core/kernels/kernel_table.h"
#include "heads.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

// One query over slots low … high−1 of one head of the cache.
template <typename E>
void attend(const CachedRows& rows, const float* query, const E* keys, const E* values, int64_t low, int64_t high,
            float* scores, float* out) {
  const int64_t width = rows.width, value_width = rows.value_width, count = high - low;
  for (int64_t j = 0; j < count; ++j) {
    const E* key = keys + (low + j) * width;
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
  const int64_t filled = rows.filled[row], times = rows.heads / rows.kv_heads;
  for (int64_t token = rows.offsets[row], slot = filled; token < rows.offsets[row + 1]; ++token, ++slot) {
    read(at<E>(rows.key, token, kv_head), rows.width, query);
    turn(rows, token, 1, query);
    write(query, rows.width, keys + slot * rows.width);
    read(at<E>(rows.value, token, kv_head), rows.value_width, result);
    write(result, rows.value_width, values + slot * rows.value_width);
  }
  for (int64_t token = rows.offsets[row], slot = filled; token < rows.offsets[row + 1]; ++token, ++slot) {
    const int64_t low = rows.left >= 0 && slot - rows.left > 0 ? slot - rows.left : 0;
    for (int64_t head = kv_head * times; head < (kv_head + 1) * times; ++head) {
      read(at<E>(rows.query, token, head), rows.width, query);
      turn(rows, token, 1, query);
      attend(rows, query, keys, values, low, slot + 1, scores, result);
      write(result, rows.value_width, at<E>(out, token, head));
    }
  }
}

// N rows of x with O rows of the weight, kept in registers.
template <int O, int N, typename W>
inline void dots(int64_t depth, const float* x, const W* weight, float* out) {
  Vec sums[O][N] = {};
  int64_t k = 0;
  for (; k + lanes <= depth; k += lanes) {
    Vec left[N];
    for (int n = 0; n < N; ++n) left[n] = load(x + n * depth + k);
    for (int o = 0; o < O; ++o) {
      const Vec right = load(weight + o * depth + k);
      for (int n = 0; n < N; ++n) sums[o][n] += left[n] * right;
    }
  }
  for (int o = 0; o < O; ++o) {
    for (int n = 0; n < N; ++n) {
      float total = sum(sums[o][n]);
      for (int64_t i = k; i < depth; ++i) total += x[n * depth + i] * wide(weight[o * depth + i]);
      out[o * N + n] = total;
    }
  }
}

template <int O, int N, typename W>
inline void few_rows(const FewRows& p, int64_t row, int64_t first, int64_t last) {
  const W* weight = static_cast<const W*>(p.weight);
  float out[O * N];
  const auto put = [&](int64_t o, int count) {
    for (int i = 0; i < count; ++i) {
      const float scale = p.scales == nullptr ? 1 : p.scales[o + i], add = p.bias == nullptr ? 0 : p.bias[o + i];
      for (int n = 0; n < N; ++n) p.out[(row + n) * p.outputs + o + i] = out[i * N + n] * scale + add;
    }
  };
  int64_t o = first;
  for (; o + O <= last; o += O) dots<O, N>(p.depth, p.x + row * p.depth, weight + o * p.depth, out), put(o, O);
  for (; o < last; ++o) dots<1, N>(p.depth, p.x + row * p.depth, weight + o * p.depth, out), put(o, 1);
}

template <typename W>
void product_of(const FewRows& p, int64_t first, int64_t last) {
  // A few rows of the weight at a time, so that they are in the cache for every row of x.
  constexpr int64_t at_once = 48;
  for (int64_t o = first; o < last; o += at_once) {
    const int64_t end = o + at_once < last ? o + at_once : last;
    int64_t row = 0;
    for (; row + 4 <= p.rows; row += 4) few_rows<3, 4, W>(p, row, o, end);
    if (p.rows - row == 3) few_rows<4, 3, W>(p, row, o, end);
    if (p.rows - row == 2) few_rows<4, 2, W>(p, row, o, end);
    if (p.rows - row == 1) few_rows<8, 1, W>(p, row, o, end);
  }
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
