// Attention within rows so short that a key's scores, one for each query, are two vectors at most: words in bytes, mostly.
// Nothing is repacked: scores are dot products whose sums are folded together, [keys][queries], so that mask and softmax
// run down the keys without looking across a vector. Where queries fill half a vector, two keys share one.
#pragma once

#include "attention_rows.h"

namespace {

constexpr int64_t short_row = 2 * lanes;
static_assert(short_row <= block, "a short row is one block of queries");

inline bool is_short(const AttentionRows& rows, int64_t number) {
  return rows.offsets[number + 1] - rows.offsets[number] <= short_row;
}

// A row of up to Queries slots.
template <typename E, int Queries>
class ShortTask {
 public:
  ShortTask(const AttentionRows& rows, int64_t number, int64_t kv_head, const Sizes& sizes, const Scratch& scratch)
      : rows_(rows), row_(rows, number), kv_head_(kv_head), sizes_(sizes), scratch_(scratch) {
    read_keys<E>(rows, row_, kv_head, sizes, scratch);
    if (row_.length % keys == 0) return;  // what shares a vector with the last key is to be a number
    clear(scratch.keys + row_.length * sizes.width, sizes.width);
    clear(scratch.values + row_.length * sizes.value_width, sizes.value_width);
  }

  void forward(const HeadsOut& out) const {
    const int64_t count = row_.length, width = sizes_.value_width;
    for (int64_t head = first_head(); head < end_head(); ++head) {
      weigh(head);
      if (rows_.dropout > 0) drop_some(head, scratch_.scores);
      product({scratch_.scores, 1, Queries}, scratch_.values, width, scratch_.out, width, count, width, count, false);
      write_out<E>(rows_, row_, head, 0, count, out, sizes_, scratch_);
    }
  }

  void backward(const AttentionGradients& gradients) const {
    const int64_t count = row_.length, width = sizes_.width, value_width = sizes_.value_width;
    for (int64_t head = first_head(); head < end_head(); ++head) {
      const bool add = head > first_head();
      weigh(head);
      read_out_gradients<E>(rows_, row_, head, 0, count, gradients, sizes_, scratch_);
      through_softmax(head);
      // ∂L/∂v += weightsᵀ · ∂L/∂out
      const float* used = rows_.dropout > 0 ? scratch_.dropped : scratch_.scores;
      product({used, Queries, 1}, scratch_.out_gradients, value_width, scratch_.value_gradients, value_width, count,
              value_width, count, add);
      product({scratch_.weights, 1, Queries}, scratch_.keys, width, scratch_.query_gradients, width, count, width, count,
              false);
      product({scratch_.weights, Queries, 1}, scratch_.queries, width, scratch_.key_gradients, width, count, width,
              count, add);
      write_query_gradients<E>(rows_, row_, head, 0, count, gradients, sizes_, scratch_);
    }
    write_key_gradients<E>(rows_, row_, kv_head_, gradients, sizes_, scratch_);
  }

 private:
  static constexpr int keys = Queries < lanes ? lanes / Queries : 1,  // that share a vector
      parts = Queries < lanes ? 1 : Queries / lanes;                  // vectors of a key
  static_assert(keys <= 2, "two halves of a vector are added up");

  int64_t first_head() const { return kv_head_ * (rows_.heads / rows_.kv_heads); }
  int64_t end_head() const { return (kv_head_ + 1) * (rows_.heads / rows_.kv_heads); }

  // f(first key of a vector, its part, where its numbers stand), for all.
  template <typename F>
  void each_vector(F&& f) const {
    for (int64_t key = 0; key < row_.length; key += keys)
      for (int part = 0; part < parts; ++part) f(key, part, key * Queries + part * lanes);
  }

  // Rows key (and key + 1) of `left` times as many of `right` as a vector has room for; both [rows, width].
  static Vec dots(const float* left, const float* right, int64_t width) {
    Vec sums[lanes] = {};
    for (int64_t k = 0; k < width; k += lanes)
      for (int key = 0; key < keys; ++key) {
        const Vec x = load(left + key * width + k);
        for (int i = 0; i < lanes / keys; ++i) sums[key * (lanes / keys) + i] += x * load(right + i * width + k);
      }
    return sums_of(sums);
  }

  Ints seen(int64_t key, int part) const {
    const Ints lane = count_up(), second = keys == 1 ? Ints{} : (lane >= Queries) & 1;
    return row_.seen(lane - second * Queries + part * lanes, second + static_cast<int32_t>(key));
  }

  void drop_some(int64_t head, float* weights) const {
    for (int64_t i = 0; i < row_.length; ++i)
      drop(rows_, row_.first + i, head, row_.first, row_.length, weights + i, Queries);
  }

  // Queries into scratch, turned and scaled; their weights into scratch.scores, 0 where a query sees nothing.
  void weigh(int64_t head) const {
    const int64_t width = sizes_.width;
    read_queries<E>(rows_, row_, head, 0, row_.length, sizes_, scratch_);
    Vec highest[parts], total[parts] = {};
    Ints any[parts] = {};
    for (Vec& one : highest) one = all(-__builtin_inff());
    each_vector([&](int64_t key, int part, int64_t at) {
      const Ints visible = seen(key, part);
      const Vec score = choose(
          visible, dots(scratch_.keys + key * width, scratch_.queries + part * lanes * width, width), highest[part]);
      store(scratch_.scores + at, choose(visible, score, all(-__builtin_inff())));
      highest[part] = larger(highest[part], score);
      any[part] |= visible;
    });
    for (int part = 0; part < parts; ++part) {
      if (keys == 2) highest[part] = larger(highest[part], turned(highest[part])), any[part] |= turned(any[part]);
      highest[part] = choose(any[part], highest[part], all(0));
    }
    each_vector([&](int64_t, int part, int64_t at) {
      const Vec weight = exponential(load(scratch_.scores + at) - highest[part]);
      store(scratch_.scores + at, weight);
      total[part] += weight;
    });
    for (int part = 0; part < parts; ++part) {
      if (keys == 2) total[part] += turned(total[part]);
      total[part] = choose(any[part], 1 / total[part], all(0));
    }
    each_vector([&](int64_t, int part, int64_t at) {
      store(scratch_.scores + at, load(scratch_.scores + at) * total[part]);
    });
  }

  // From scratch.scores and scratch.out_gradients: scratch.weights = w · (g − Σ w g), g = ∂L/∂out · vᵀ; with dropout,
  // scratch.dropped is what it leaves of the weights.
  void through_softmax(int64_t head) const {
    const int64_t width = sizes_.value_width;
    each_vector([&](int64_t key, int part, int64_t at) {
      store(scratch_.weights + at,
            dots(scratch_.values + key * width, scratch_.out_gradients + part * lanes * width, width));
      if (rows_.dropout > 0) store(scratch_.dropped + at, load(scratch_.scores + at));
    });
    if (rows_.dropout > 0) {
      drop_some(head, scratch_.dropped);
      drop_some(head, scratch_.weights);
    }
    Vec mean[parts] = {};
    each_vector([&](int64_t, int part, int64_t at) {
      mean[part] += load(scratch_.scores + at) * load(scratch_.weights + at);
    });
    if (keys == 2) mean[0] += turned(mean[0]);
    each_vector([&](int64_t, int part, int64_t at) {
      store(scratch_.weights + at, load(scratch_.scores + at) * (load(scratch_.weights + at) - mean[part]));
    });
  }

  const AttentionRows& rows_;
  const Row row_;
  const int64_t kv_head_;
  const Sizes& sizes_;
  const Scratch& scratch_;
};

// f(task) with one of as many slots as the row needs.
template <typename E, typename F>
inline void with_short_task(const AttentionRows& rows, int64_t number, int64_t kv_head, const Sizes& sizes,
                            const Scratch& scratch, F&& f) {
  if (sizes.length <= lanes / 2)
    f(ShortTask<E, lanes / 2>(rows, number, kv_head, sizes, scratch));
  else if (sizes.length <= lanes)
    f(ShortTask<E, lanes>(rows, number, kv_head, sizes, scratch));
  else
    f(ShortTask<E, 2 * lanes>(rows, number, kv_head, sizes, scratch));
}

}  // namespace
