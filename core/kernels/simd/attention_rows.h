// What attention within rows, short or long, is made of: who sees whom, which weights dropout leaves, where a task's
// numbers stand, and how they come there and back.
#pragma once

#include "core/kernels/kernel_table.h"
#include "heads.h"
#include "small_product.h"

namespace {

using welt::kernels::AttentionGradients;
using welt::kernels::AttentionRows;
using welt::kernels::HeadsOut;

constexpr int64_t block = 32;  // queries at once

// Where a task's numbers stand in its scratch.
struct Sizes {
  Sizes(const AttentionRows& rows, int64_t longest)
      : length(longest),
        padded(round_up(longest, panel)),
        width(round_up(rows.width, lanes)),
        value_width(round_up(rows.value_width, lanes)) {}
  int64_t length, padded, width, value_width;  // all but the first in whole panels or vectors
};

struct Scratch {
  float *keys, *key_panels, *values, *queries, *scores, *out;  // both
  float *value_panels, *out_gradients, *weights, *dropped;     // backward alone
  float *key_gradients, *value_gradients, *query_gradients;    // the same
  int64_t floats;

  Scratch(const Sizes& sizes, bool backward, float* base) {
    floats = 0;
    const auto take = [&](int64_t count, bool wanted = true) {
      float* here = base == nullptr ? nullptr : base + floats;
      if (wanted) floats += round_up(count, 16);
      return here;
    };
    keys = take(sizes.padded * sizes.width);
    key_panels = take(sizes.padded * sizes.width);
    values = take(sizes.padded * sizes.value_width);
    queries = take(block * sizes.width);
    scores = take(block * sizes.padded);
    out = take(block * sizes.value_width);
    value_panels = take(sizes.padded * sizes.value_width, backward);
    out_gradients = take(block * sizes.value_width, backward);
    weights = take(block * sizes.padded, backward);
    dropped = take(block * sizes.padded, backward);
    key_gradients = take(sizes.padded * sizes.width, backward);
    value_gradients = take(sizes.padded * sizes.value_width, backward);
    query_gradients = take(block * sizes.width, backward);
  }
};

// A row of a call: who sees whom in it, by slots of the row.
class Row {
 public:
  Row(const AttentionRows& rows, int64_t number)
      : rows_(rows), first(rows.offsets[number]), length(rows.offsets[number + 1] - first) {
    const int64_t *document = rows.document == nullptr ? nullptr : rows.document + first,
                  *prefix = rows.prefix == nullptr ? nullptr : rows.prefix + first;
    bool hides = false, documents_follow = true, prefixes_follow = true;
    int64_t last = -1, last_at = -1;  // of the prefixes
    for (int64_t i = 0; i < length; ++i) {
      if (rows.valid != nullptr && !rows.valid[first + i]) hides = true;
      if (document != nullptr && document[i] != document[0]) document_ = document;
      if (document != nullptr && i > 0 && before(document[i], document[i - 1])) documents_follow = false;
      if (prefix == nullptr || prefix[i] < 0) continue;
      prefix_ = prefix;
      if (prefix[i] < last || (prefix[i] == last && last_at != i - 1)) prefixes_follow = false;
      last = prefix[i], last_at = i;
    }
    causal_ = rows.causal && prefix_ == nullptr;
    irregular_ = hides || document_ != nullptr || prefix_ != nullptr;
    in_runs_ = irregular_ && !hides && documents_follow && prefixes_follow;
  }

  // Slots that any query of [begin, end) may see lie in [low, high).
  void span(int64_t begin, int64_t end, int64_t& low, int64_t& high) const {
    low = 0, high = length;
    if (!irregular_ || in_runs_) {  // the later a query, the later what it sees
      int64_t unused = length;
      cut(begin, low, unused);
      unused = 0;
      return cut(end - 1, unused, high);
    }
    if (causal_) high = end;
    if (rows_.left >= 0 && begin - rows_.left > low) low = begin - rows_.left;
    if (rows_.right >= 0 && end + rows_.right < high) high = end + rows_.right;
  }

  // Minus infinity for the scores of slots low … high−1 that the query does not see. Does it see any?
  bool mask(int64_t query, int64_t low, int64_t high, float* scores) const {
    constexpr float hidden = -__builtin_inff();
    int64_t from = low, to = high;
    cut(query, from, to);
    for (int64_t j = low; j < from; ++j) scores[j - low] = hidden;
    for (int64_t j = to; j < high; ++j) scores[j - low] = hidden;
    if (!irregular_ || in_runs_) return from < to;
    bool any = false;
    for (int64_t j = from; j < to; ++j) {
      const bool seen = sees(query, j);
      any |= seen;
      if (!seen) scores[j - low] = hidden;
    }
    return any;
  }

  // −1 where query[l] sees key[l], else 0; keys behind the last one are not seen, queries behind it are not asked for.
  Ints seen(Ints query, Ints key) const {
    Ints out = key < static_cast<int32_t>(length);
    if (causal_) out &= key <= query;
    if (rows_.left >= 0) out &= query - key <= static_cast<int32_t>(rows_.left < length ? rows_.left : length);
    if (rows_.right >= 0) out &= key - query <= static_cast<int32_t>(rows_.right < length ? rows_.right : length);
    if (irregular_)
      for (int l = 0; l < lanes; ++l)
        if (out[l] != 0 && query[l] < length && !sees(query[l], key[l])) out[l] = 0;
    return out;
  }

 private:
  // Of documents' numbers; that of slots without a word, −1, is the last.
  static bool before(int64_t a, int64_t b) { return static_cast<uint64_t>(a) < static_cast<uint64_t>(b); }
  // From `at` backwards or forwards, as long as ids are the same, up to an end.
  static int64_t begin_of_run(const int64_t* ids, int64_t at, int64_t end) {
    int64_t begin = at;
    while (begin > end && ids[begin - 1] == ids[at]) --begin;
    return begin;
  }
  static int64_t end_of_run(const int64_t* ids, int64_t at, int64_t end) {
    int64_t behind = at + 1;
    while (behind < end && ids[behind] == ids[at]) ++behind;
    return behind;
  }
  // To what causality, window and, where they stand one behind the other, documents and prefixes leave: all of it but
  // for other masks.
  void cut(int64_t query, int64_t& from, int64_t& to) const {
    if (rows_.left >= 0 && query - rows_.left > from) from = query - rows_.left;
    if (rows_.right >= 0 && query + rows_.right + 1 < to) to = query + rows_.right + 1;
    if (causal_ && query + 1 < to) to = query + 1;
    if (to < from) to = from;
    if (!in_runs_) return;
    // Its document (as far as itself, if causal) and its prefix: both have the query in them, and so are one range.
    int64_t begin = document_ == nullptr ? from : begin_of_run(document_, query, from),
            end = rows_.causal           ? query + 1
                  : document_ == nullptr ? to
                                         : end_of_run(document_, query, to);
    if (prefix_ != nullptr && prefix_[query] >= 0) {
      const int64_t prefix_begin = begin_of_run(prefix_, query, from), prefix_end = end_of_run(prefix_, query, to);
      if (prefix_begin < begin) begin = prefix_begin;
      if (prefix_end > end) end = prefix_end;
    }
    if (begin > from) from = begin;
    if (end < to) to = end;
  }
  bool sees(int64_t query, int64_t key) const {
    if (prefix_ != nullptr && prefix_[query] >= 0 && prefix_[query] == prefix_[key]) return true;
    if (rows_.causal && key > query) return false;
    if (rows_.valid != nullptr && !rows_.valid[first + key]) return false;
    return document_ == nullptr || document_[query] == document_[key];
  }
  const AttentionRows& rows_;
  const int64_t *document_ = nullptr, *prefix_ = nullptr;  // of the row; null where they tell nothing apart
  bool causal_, irregular_, in_runs_;

 public:
  const int64_t first, length;
};

// A number of 32 bits for each weight: two rounds of a multiplicative mix over its place and the call's seed.
inline uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// Zeroes a share of a query's weights, `step` apart, and scales the others up. A weight's fate is a function of seed,
// head, query and key.
inline void drop(const AttentionRows& rows, int64_t query_token, int64_t head, int64_t first_key_token, int64_t count,
                 float* weights, int64_t step = 1) {
  const auto limit = static_cast<uint32_t>(static_cast<double>(rows.dropout) * 4294967296.0);
  const float scale = rows.dropout < 1 ? 1 / (1 - rows.dropout) : 0;
  const auto place = static_cast<uint64_t>(query_token * rows.heads + head);
  const uint32_t base = mixed(mixed(static_cast<uint32_t>(rows.seed) ^ static_cast<uint32_t>(place)) ^
                              static_cast<uint32_t>(rows.seed >> 32) ^ static_cast<uint32_t>(place >> 32));
  for (int64_t j = 0; j < count; ++j) {
    const uint32_t random = mixed(base ^ mixed(static_cast<uint32_t>(first_key_token + j)));
    weights[j * step] = random < limit ? 0 : weights[j * step] * scale;
  }
}

// A row's keys, turned, and its values.
template <typename E>
void read_keys(const AttentionRows& rows, const Row& row, int64_t kv_head, const Sizes& sizes, const Scratch& scratch) {
  for (int64_t j = 0; j < row.length; ++j) {
    const int64_t token = row.first + j;
    read_turned(rows, token, 1, at<E>(rows.key, token, kv_head), rows.width, scratch.keys + j * sizes.width);
    read(at<E>(rows.value, token, kv_head), rows.value_width, scratch.values + j * sizes.value_width);
  }
}

// Queries begin … begin + count − 1 of a row, turned and scaled.
template <typename E>
void read_queries(const AttentionRows& rows, const Row& row, int64_t head, int64_t begin, int64_t count,
                  const Sizes& sizes, const Scratch& scratch) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t token = row.first + begin + i;
    read_turned(rows, token, rows.scale, at<E>(rows.query, token, head), rows.width, scratch.queries + i * sizes.width);
  }
}

template <typename E>
void write_out(const AttentionRows& rows, const Row& row, int64_t head, int64_t begin, int64_t count,
               const HeadsOut& out, const Sizes& sizes, const Scratch& scratch) {
  for (int64_t i = 0; i < count; ++i)
    write(scratch.out + i * sizes.value_width, rows.value_width, at<E>(out, row.first + begin + i, head));
}

template <typename E>
void read_out_gradients(const AttentionRows& rows, const Row& row, int64_t head, int64_t begin, int64_t count,
                        const AttentionGradients& gradients, const Sizes& sizes, const Scratch& scratch) {
  for (int64_t i = 0; i < count; ++i)
    read(at<E>(gradients.out, row.first + begin + i, head), rows.value_width,
         scratch.out_gradients + i * sizes.value_width);
}

template <typename E>
void write_query_gradients(const AttentionRows& rows, const Row& row, int64_t head, int64_t begin, int64_t count,
                           const AttentionGradients& gradients, const Sizes& sizes, const Scratch& scratch) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t token = row.first + begin + i;
    write_turned_back(rows, token, rows.scale, scratch.query_gradients + i * sizes.width, rows.width,
                      at<E>(gradients.query, token, head));
  }
}

template <typename E>
void write_key_gradients(const AttentionRows& rows, const Row& row, int64_t kv_head,
                         const AttentionGradients& gradients, const Sizes& sizes, const Scratch& scratch) {
  for (int64_t j = 0; j < row.length; ++j) {
    const int64_t token = row.first + j;
    write_turned_back(rows, token, 1, scratch.key_gradients + j * sizes.width, rows.width,
                      at<E>(gradients.key, token, kv_head));
    write(scratch.value_gradients + j * sizes.value_width, rows.value_width, at<E>(gradients.value, token, kv_head));
  }
}

// One byte of each line of tokens first … last−1, in the order of their addresses.
template <typename E, typename Heads>
void touch(const Heads& heads, int64_t first, int64_t last, int64_t count, int64_t width) {
  if (heads.head != width) return;  // heads that do not stand side by side
  for (int64_t token = first; token < last; ++token) {
    const auto* from = reinterpret_cast<const volatile char*>(at<E>(heads, token, 0));
    for (int64_t i = 0; i < count * width * static_cast<int64_t>(sizeof(E)); i += 64) (void)from[i];
  }
}

// Touches a part of the next row, of a block of it at most: all parts while the heads of a row are done. A processor
// that sees memory walked through in order reads on ahead of it; single heads, one here and one there, are waited for
// (as on AMD's Zen 4, which instructions to prefetch did not help either).
template <typename E>
void touch_ahead(const AttentionRows& rows, int64_t task, int64_t end, const AttentionGradients* gradients) {
  const int64_t row = task / rows.kv_heads + 1, part = task % rows.kv_heads;
  if ((row + 1) * rows.kv_heads > end) return;  // another thread's, in part
  const int64_t length = rows.offsets[row + 1] - rows.offsets[row], looked_at = length < block ? length : block,
                first = rows.offsets[row] + part * looked_at / rows.kv_heads,
                last = rows.offsets[row] + (part + 1) * looked_at / rows.kv_heads;
  touch<E>(rows.query, first, last, rows.heads, rows.width);
  touch<E>(rows.key, first, last, rows.kv_heads, rows.width);
  touch<E>(rows.value, first, last, rows.kv_heads, rows.value_width);
  if (gradients == nullptr) return;
  touch<E>(gradients->out, first, last, rows.heads, rows.value_width);
  touch<E>(gradients->query, first, last, rows.heads, rows.width);
  touch<E>(gradients->key, first, last, rows.kv_heads, rows.width);
  touch<E>(gradients->value, first, last, rows.kv_heads, rows.value_width);
}

}  // namespace
