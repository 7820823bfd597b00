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

}  // namespace
