// Heads of tokens on their way between the caller's memory and scratch, which is float32 in whole vectors.
#pragma once

#include "core/kernels/kernel_table.h"
#include "vec.h"

namespace {

template <typename E>
inline const E* at(const welt::kernels::HeadsIn& heads, int64_t token, int64_t head) {
  return static_cast<const E*>(heads.data) + token * heads.token + head * heads.head;
}
template <typename E>
inline E* at(const welt::kernels::HeadsOut& heads, int64_t token, int64_t head) {
  return static_cast<E*>(heads.data) + token * heads.token + head * heads.head;
}

// One head of one token: `width` numbers, then zeros to the end of the last vector.
template <typename E>
inline void read(const E* from, int64_t width, float* to) {
  int64_t i = 0;
  for (; i + lanes <= width; i += lanes) store(to + i, load(from + i));
  if (i < width) store(to + i, load_some(from + i, width - i));
}
template <typename E>
inline void write(const float* from, int64_t width, E* to) {
  int64_t i = 0;
  for (; i + lanes <= width; i += lanes) store(to + i, load(from + i));
  if (i < width) store_some(to + i, load(from + i), width - i);
}

inline void clear(float* from, int64_t count) {
  for (int64_t i = 0; i < count; i += lanes) store(from + i, all(0));
}

// Dimensions i and half + i turn by the token's angle i; `direction` −1 turns back. Rows: AttentionRows, CachedRows.
template <typename Rows>
inline void turn(const Rows& rows, int64_t token, float direction, float* x) {
  if (rows.cos == nullptr) return;
  const float *cos = rows.cos + token * rows.half, *sin = rows.sin + token * rows.half;
  float *first = x, *second = x + rows.half;
  int64_t i = 0;
  for (; i + lanes <= rows.half; i += lanes) {
    const Vec c = load(cos + i), s = load(sin + i) * direction, a = load(first + i), b = load(second + i);
    store(first + i, a * c - b * s);
    store(second + i, b * c + a * s);
  }
  for (; i < rows.half; ++i) {
    const float c = cos[i], s = sin[i] * direction, a = first[i], b = second[i];
    first[i] = a * c - b * s;
    second[i] = b * c + a * s;
  }
}

// Whole vectors by a factor, in place.
inline void multiply(float factor, int64_t width, float* x) {
  for (int64_t i = 0; i < width; i += lanes) store(x + i, load(x + i) * factor);
}

// A token's head by a factor, turned as by turn(), from one memory to another; false, and nothing is done, where the
// two halves or the head are no whole vectors.
template <typename In, typename Out, typename Rows>
inline bool turn_vectors(const Rows& rows, int64_t token, float direction, float factor, const In* from, int64_t width,
                         Out* to) {
  const int64_t half = rows.cos == nullptr ? 0 : rows.half;
  if (half % lanes != 0 || width % lanes != 0) return false;
  for (int64_t i = 0, j = half; i < half; i += lanes, j += lanes) {
    const Vec c = load(rows.cos + token * half + i), s = load(rows.sin + token * half + i) * direction;
    const Vec a = load(from + i) * factor, b = load(from + j) * factor;
    store(to + i, a * c - b * s);
    store(to + j, b * c + a * s);
  }
  for (int64_t i = 2 * half; i < width; i += lanes) store(to + i, load(from + i) * factor);
  return true;
}

template <typename E, typename Rows>
inline void read_turned(const Rows& rows, int64_t token, float factor, const E* from, int64_t width, float* to) {
  if (turn_vectors(rows, token, 1, factor, from, width, to)) return;
  read(from, width, to);
  turn(rows, token, 1, to);
  multiply(factor, width, to);
}
// Of gradients; what stands in `from` is lost.
template <typename E, typename Rows>
inline void write_turned_back(const Rows& rows, int64_t token, float factor, float* from, int64_t width, E* to) {
  if (turn_vectors(rows, token, -1, factor, from, width, to)) return;
  multiply(factor, width, from);
  turn(rows, token, -1, from);
  write(from, width, to);
}

}  // namespace
