// Attention within rows, forward and backward, as small matrix products over blocks of queries; short rows by
// short_attention.h. Follows softmax(q kᵀ · scale) v with the rules of welt_attention; probabilities are computed again
// in the backward, so that nothing but queries, keys and values is kept.
//
// Keys (and, backward, values) are repacked into panels of `panel` columns, [T / panel][d][panel], so that every
// product here is A · B with B's rows dense: A's numbers are broadcast, B's come as vectors.

#include "attention_rows.h"
#include "core/kernels/kernel_table.h"
#include "numbers.h"
#include "short_attention.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

// [padded][width] → panels [padded / panel][width][panel].
void into_panels(const Sizes& sizes, const float* from, int64_t width, float* to) {
  for (int64_t first = 0; first < sizes.padded; first += panel) {
    float* out = to + first * width;
    for (int64_t j = 0; j < panel; j += 4) {
      for (int64_t k = 0; k < width; k += 4) {  // four by four
        Quad row[4];
        for (int i = 0; i < 4; ++i) __builtin_memcpy(&row[i], from + (first + j + i) * width + k, sizeof(Quad));
        const Quad low = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5),
                   high = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7),
                   low2 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5),
                   high2 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
        const Quad column[4] = {
            __builtin_shufflevector(low, low2, 0, 1, 4, 5), __builtin_shufflevector(low, low2, 2, 3, 6, 7),
            __builtin_shufflevector(high, high2, 0, 1, 4, 5), __builtin_shufflevector(high, high2, 2, 3, 6, 7)};
        for (int i = 0; i < 4; ++i) __builtin_memcpy(out + (k + i) * panel + j, &column[i], sizeof(Quad));
      }
    }
  }
}

// Scores to weights, in place, for `count` keys and zeros up to `padded`. The weights' sum is 1.
void softmax(int64_t count, int64_t padded, float* scores) {
  const int64_t whole = count / lanes * lanes;
  for (int64_t j = count; j < padded; ++j) scores[j] = -__builtin_inff();
  Vec highest = all(-__builtin_inff());
  for (int64_t j = 0; j < padded; j += lanes) highest = larger(highest, load(scores + j));
  const float top = largest(highest);
  Vec total = all(0);
  int64_t j = 0;
  for (; j < whole; j += lanes) {
    const Vec e = exponential(load(scores + j) - top);
    total += e;
    store(scores + j, e);
  }
  float tail = 0;
  if (j < padded) {
    float parts[lanes];
    store(parts, exponential(load(scores + j) - top));
    for (int64_t i = 0; i < lanes; ++i) {
      scores[j + i] = j + i < count ? parts[i] : 0;
      tail += scores[j + i];
    }
    for (j += lanes; j < padded; ++j) scores[j] = 0;
  }
  const float inverse = 1 / (sum(total) + tail);
  for (j = 0; j < padded; j += lanes) store(scores + j, load(scores + j) * inverse);
}

// What forward and backward of a task share: a row's keys and values, and the weights of a block of queries.
template <typename E>
class Task {
 public:
  Task(const AttentionRows& rows, const Row& row, int64_t kv_head, const Sizes& sizes, const Scratch& scratch)
      : rows_(rows), row_(row), sizes_(sizes), scratch_(scratch) {
    read_keys<E>(rows, row, kv_head, sizes, scratch);
    clear(scratch.keys + row.length * sizes.width, (sizes.padded - row.length) * sizes.width);
    clear(scratch.values + row.length * sizes.value_width, (sizes.padded - row.length) * sizes.value_width);
    into_panels(sizes, scratch.keys, sizes.width, scratch.key_panels);
  }

  struct Block {
    int64_t begin, count;                 // queries
    int64_t low = 0, high = 0, keys = 0;  // slots low … high−1 are looked at, in whole panels `keys` of them
  };

  Block block_from(int64_t begin) const {
    Block out{begin, row_.length - begin < block ? row_.length - begin : block};
    row_.span(begin, begin + out.count, out.low, out.high);
    out.low = out.low / panel * panel;
    out.keys = round_up(out.high - out.low, panel);
    return out;
  }

  // Queries of the block into scratch, turned and scaled; then their weights into scratch.scores, [count][keys].
  void weigh(const Block& b, int64_t head) const {
    read_queries<E>(rows_, row_, head, b.begin, b.count, sizes_, scratch_);
    for (int64_t j = 0; j < b.keys; j += panel)
      product({scratch_.queries, sizes_.width, 1}, scratch_.key_panels + (b.low + j) * sizes_.width, panel,
              scratch_.scores + j, b.keys, b.count, panel, rows_.width, false);
    for (int64_t i = 0; i < b.count; ++i) {
      float* scores = scratch_.scores + i * b.keys;
      if (row_.mask(b.begin + i, b.low, b.high, scores)) {
        softmax(b.high - b.low, b.keys, scores);
      } else {
        for (int64_t j = 0; j < b.keys; ++j) scores[j] = 0;
      }
    }
  }

  // The weights that dropout leaves, of one query of the block.
  void drop_some(const Block& b, int64_t i, int64_t head, float* weights) const {
    if (rows_.dropout > 0) drop(rows_, row_.first + b.begin + i, head, row_.first + b.low, b.high - b.low, weights);
  }

 private:
  const AttentionRows& rows_;
  const Row& row_;
  const Sizes& sizes_;
  const Scratch& scratch_;
};

template <typename E>
void forward_task(const AttentionRows& rows, int64_t number, int64_t kv_head, const HeadsOut& out, const Sizes& sizes,
                  const Scratch& scratch) {
  const Row row(rows, number);
  const Task<E> task(rows, row, kv_head, sizes, scratch);
  const int64_t times = rows.heads / rows.kv_heads;
  for (int64_t head = kv_head * times; head < (kv_head + 1) * times; ++head) {
    for (int64_t begin = 0; begin < row.length; begin += block) {
      const auto b = task.block_from(begin);
      task.weigh(b, head);
      for (int64_t i = 0; i < b.count; ++i) task.drop_some(b, i, head, scratch.scores + i * b.keys);
      product({scratch.scores, b.keys, 1}, scratch.values + b.low * sizes.value_width, sizes.value_width, scratch.out,
              sizes.value_width, b.count, sizes.value_width, b.high - b.low, false);
      write_out<E>(rows, row, head, begin, b.count, out, sizes, scratch);
    }
  }
}

template <typename E>
void backward_task(const AttentionRows& rows, int64_t number, int64_t kv_head, const AttentionGradients& gradients,
                   const Sizes& sizes, const Scratch& scratch) {
  const Row row(rows, number);
  const Task<E> task(rows, row, kv_head, sizes, scratch);
  into_panels(sizes, scratch.values, sizes.value_width, scratch.value_panels);
  clear(scratch.key_gradients, row.length * sizes.width);
  clear(scratch.value_gradients, row.length * sizes.value_width);
  const int64_t times = rows.heads / rows.kv_heads;
  for (int64_t head = kv_head * times; head < (kv_head + 1) * times; ++head) {
    for (int64_t begin = 0; begin < row.length; begin += block) {
      const auto b = task.block_from(begin);
      task.weigh(b, head);
      const int64_t seen = b.high - b.low;
      read_out_gradients<E>(rows, row, head, begin, b.count, gradients, sizes, scratch);
      // ∂L/∂weights = ∂L/∂out · vᵀ
      for (int64_t j = 0; j < b.keys; j += panel)
        product({scratch.out_gradients, sizes.value_width, 1}, scratch.value_panels + (b.low + j) * sizes.value_width,
                panel, scratch.weights + j, b.keys, b.count, panel, rows.value_width, false);
      const float* used = scratch.scores;
      if (rows.dropout > 0) {
        used = scratch.dropped;
        for (int64_t i = 0; i < b.count * b.keys; ++i) scratch.dropped[i] = scratch.scores[i];
        for (int64_t i = 0; i < b.count; ++i) {
          task.drop_some(b, i, head, scratch.dropped + i * b.keys);
          task.drop_some(b, i, head, scratch.weights + i * b.keys);
        }
      }
      // ∂L/∂v += weightsᵀ · ∂L/∂out
      product({used, 1, b.keys}, scratch.out_gradients, sizes.value_width,
              scratch.value_gradients + b.low * sizes.value_width, sizes.value_width, seen, sizes.value_width, b.count,
              true);
      // Through the softmax: w · (g − Σ w g).
      for (int64_t i = 0; i < b.count; ++i) {
        float *weights = scratch.scores + i * b.keys, *gradient = scratch.weights + i * b.keys;
        Vec total = all(0);
        for (int64_t j = 0; j < b.keys; j += lanes) total += load(weights + j) * load(gradient + j);
        const float mean = sum(total);
        for (int64_t j = 0; j < b.keys; j += lanes)
          store(gradient + j, load(weights + j) * (load(gradient + j) - mean));
      }
      product({scratch.weights, b.keys, 1}, scratch.keys + b.low * sizes.width, sizes.width, scratch.query_gradients,
              sizes.width, b.count, sizes.width, seen, false);
      product({scratch.weights, 1, b.keys}, scratch.queries, sizes.width, scratch.key_gradients + b.low * sizes.width,
              sizes.width, seen, sizes.width, b.count, true);
      write_query_gradients<E>(rows, row, head, begin, b.count, gradients, sizes, scratch);
    }
  }
  write_key_gradients<E>(rows, row, kv_head, gradients, sizes, scratch);
}

// f(number, row, key head, sizes, scratch) for each task; of the number its type is meant. Gradients: null forward.
template <typename F>
void each_task(const AttentionRows& rows, int64_t first, int64_t last, const AttentionGradients* gradients,
               float* scratch, F&& f) {
  with_numbers(
      [&](auto e) {
        for (int64_t task = first; task < last; ++task) {
          const int64_t row = task / rows.kv_heads;
          touch_ahead<decltype(e)>(rows, task, last, gradients);
          const Sizes sizes(rows, rows.offsets[row + 1] - rows.offsets[row]);
          f(e, row, task % rows.kv_heads, sizes, Scratch(sizes, gradients != nullptr, scratch));
        }
      },
      rows.number);
}

}  // namespace

int64_t attention_scratch(const AttentionRows& rows, int64_t longest_row, bool backward) {
  return Scratch(Sizes(rows, longest_row), backward, nullptr).floats;
}

void attention_forward(const AttentionRows& rows, int64_t first, int64_t last, const HeadsOut& out, float* scratch) {
  each_task(rows, first, last, /*gradients=*/nullptr, scratch, [&](auto e, int64_t row, int64_t head, auto&&... parts) {
    if (is_short(rows, row))
      with_short_task<decltype(e)>(rows, row, head, parts..., [&](const auto& task) { task.forward(out); });
    else
      forward_task<decltype(e)>(rows, row, head, out, parts...);
  });
}

void attention_backward(const AttentionRows& rows, int64_t first, int64_t last, const AttentionGradients& gradients,
                        float* scratch) {
  each_task(rows, first, last, &gradients, scratch, [&](auto e, int64_t row, int64_t head, auto&&... parts) {
    if (is_short(rows, row))
      with_short_task<decltype(e)>(rows, row, head, parts..., [&](const auto& task) { task.backward(gradients); });
    else
      backward_task<decltype(e)>(rows, row, head, gradients, parts...);
  });
}

}  // namespace welt::kernels::WELT_KERNELS
