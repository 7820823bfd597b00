// −log softmax(logits)[target] of rows, and its gradient, each in one pass over the logits.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

// log Σ exp(logits) of a row.
template <typename E>
float log_sum(const E* logits, int64_t classes) {
  const int64_t whole = classes / lanes * lanes;
  const float hidden = -__builtin_inff();
  float tail[lanes];
  for (int64_t i = 0; i < lanes; ++i) tail[i] = whole + i < classes ? wide(logits[whole + i]) : hidden;
  Vec highest = load(tail);
  for (int64_t i = 0; i < whole; i += lanes) highest = larger(load(logits + i), highest);
  const float top = largest(highest);
  if (top == hidden) return hidden;
  Vec total = exponential(load(tail) - top);
  for (int64_t i = 0; i < whole; i += lanes) total += exponential(load(logits + i) - top);
  return top + __builtin_logf(sum(total));
}

}  // namespace

double cross_entropy_forward(Number number, int64_t first, int64_t last, int64_t classes, const void* logits,
                             const int64_t* targets, float* log_sums) {
  double loss = 0;
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        for (int64_t row = first; row < last; ++row) {
          const E* of = static_cast<const E*>(logits) + row * classes;
          log_sums[row] = log_sum(of, classes);
          loss += static_cast<double>(log_sums[row]) - static_cast<double>(wide(of[targets[row]]));
        }
      },
      number);
  return loss;
}

void cross_entropy_backward(Number number, int64_t first, int64_t last, int64_t classes, const void* logits,
                            const int64_t* targets, const float* log_sums, float scale, void* gradient) {
  with_numbers(
      [&](auto e) {
        using E = decltype(e);
        for (int64_t row = first; row < last; ++row) {
          const E* of = static_cast<const E*>(logits) + row * classes;
          E* to = static_cast<E*>(gradient) + row * classes;
          int64_t i = 0;
          for (; i + lanes <= classes; i += lanes) store(to + i, exponential(load(of + i) - log_sums[row]) * scale);
          if (i < classes)
            store_some(to + i, exponential(load_some(of + i, classes - i) - log_sums[row]) * scale, classes - i);
          const float share = exponential(all(wide(of[targets[row]]) - log_sums[row]))[0];
          narrow((share - 1) * scale, to[targets[row]]);
        }
      },
      number);
}

}  // namespace welt::kernels::WELT_KERNELS
