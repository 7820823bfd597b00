// Residual and norm of rows in one pass each way. Sums are in float32, whatever the numbers in memory are.
#include "core/kernels/kernel_table.h"
#include "numbers.h"

namespace welt::kernels::WELT_KERNELS {
namespace {

using Kind = NormRows::Kind;

struct Statistics {
  float mean, inverse;  // xhat = (x − mean) · inverse; RMS norms have mean 0
};

// f(first, count) for each vector of a row; the last may be shorter.
template <typename F>
inline void vectors(int64_t width, F&& f) {
  int64_t i = 0;
  for (; i + lanes <= width; i += lanes) f(i, static_cast<int64_t>(lanes));
  if (i < width) f(i, width - i);
}
// Of a row that lies in the first-level cache, in float32 with zeros behind it.
Statistics statistics(const NormRows& rows, const float* x) {
  const auto width = static_cast<float>(rows.width);
  Vec total = all(0);
  float mean = 0;
  if (rows.kind == Kind::layer) {
    vectors(rows.width, [&](int64_t i, int64_t) { total += load(x + i); });
    mean = sum(total) / width;
  }
  Vec squares = all(0);
  vectors(rows.width, [&](int64_t i, int64_t count) {
    Vec centred = load(x + i) - mean;
    if (count < lanes) {  // the zeros behind the row are not of it
      float parts[lanes];
      store(parts, centred);
      centred = load_some(parts, count);
    }
    squares += centred * centred;
  });
  return {mean, 1 / __builtin_sqrtf(sum(squares) / width + rows.eps)};
}

// What multiplies xhat, and what is added.
template <typename W>
inline Vec factor(Kind kind, const W* weight, int64_t i, int64_t count) {
  const Vec w = load_of(weight + i, count);
  return kind == Kind::offset_rms ? w + 1.0f : w;
}

template <typename B, typename R, typename W, typename Out>
void forward(const NormRows& rows, const NormForward& at, int64_t first, int64_t last, float* x) {
  using Sum = Wider<B, R>;
  const auto *weight = static_cast<const W*>(at.weight), *bias = static_cast<const W*>(at.bias);
  for (int64_t row = first; row < last; ++row) {
    const int64_t start = row * rows.width;
    const B* branch = at.branch == nullptr ? nullptr : static_cast<const B*>(at.branch) + start;
    const R* residual = static_cast<const R*>(at.residual) + start;
    Sum* total = at.sum == nullptr ? nullptr : static_cast<Sum*>(at.sum) + start;
    vectors(rows.width, [&](int64_t i, int64_t count) {
      Vec value = load_of(residual + i, count);
      if (branch != nullptr) value += load_of(branch + i, count);
      if (total != nullptr) {
        store_of(total + i, value, count);
        if (sizeof(Sum) < sizeof(float)) value = load_of(total + i, count);  // as it will be read
      }
      store(x + i, value);
    });
    const Statistics of = statistics(rows, x);
    Out* out = static_cast<Out*>(at.normed) + start;
    vectors(rows.width, [&](int64_t i, int64_t count) {
      Vec value = (load(x + i) - of.mean) * of.inverse * factor(rows.kind, weight, i, count);
      if (bias != nullptr) value += load_of(bias + i, count);
      store_of(out + i, value, count);
    });
  }
}

template <typename B, typename S, typename W, typename Out>
void backward(const NormRows& rows, const NormBackward& at, int64_t first, int64_t last, float* scratch) {
  const auto* weight = static_cast<const W*>(at.weight);
  const int64_t padded = round_up(rows.width, lanes);
  float *x = scratch, *g = scratch + padded;
  const auto mean_of = [&](Vec v) { return sum(v) / static_cast<float>(rows.width); };
  for (int64_t row = first; row < last; ++row) {
    const int64_t start = row * rows.width;
    const S* total = static_cast<const S*>(at.sum) + start;
    vectors(rows.width, [&](int64_t i, int64_t count) { store(x + i, load_of(total + i, count)); });
    const Statistics of = statistics(rows, x);
    const Out* gradient = static_cast<const Out*>(at.normed_gradient) + start;
    Vec sums = all(0), products = all(0);
    vectors(rows.width, [&](int64_t i, int64_t count) {
      const Vec dy = load_of(gradient + i, count), xhat = (load(x + i) - of.mean) * of.inverse;
      store(at.weight_gradient + i, load(at.weight_gradient + i) + dy * xhat);
      if (at.bias_gradient != nullptr) store(at.bias_gradient + i, load(at.bias_gradient + i) + dy);
      const Vec scaled = dy * factor(rows.kind, weight, i, count);
      sums += scaled;
      products += scaled * xhat;
      store(x + i, xhat);
      store(g + i, scaled);
    });
    const float mean = rows.kind == Kind::layer ? mean_of(sums) : 0, along = mean_of(products);
    const S* carried = at.sum_gradient == nullptr ? nullptr : static_cast<const S*>(at.sum_gradient) + start;
    S* out = static_cast<S*>(at.total_gradient) + start;
    B* of_branch = at.branch_gradient == nullptr ? nullptr : static_cast<B*>(at.branch_gradient) + start;
    vectors(rows.width, [&](int64_t i, int64_t count) {
      Vec value = (load(g + i) - mean - load(x + i) * along) * of.inverse;
      if (carried != nullptr) value += load_of(carried + i, count);
      store_of(out + i, value, count);
      if (of_branch != nullptr) store_of(of_branch + i, value, count);
    });
  }
}

}  // namespace

void norm_forward(const NormRows& rows, const NormForward& at, int64_t first, int64_t last, float* scratch) {
  with_numbers(
      [&](auto b, auto r, auto w, auto out) {
        forward<decltype(b), decltype(r), decltype(w), decltype(out)>(rows, at, first, last, scratch);
      },
      rows.branch, rows.residual, rows.weights, rows.normed);
}

void norm_backward(const NormRows& rows, const NormBackward& at, int64_t first, int64_t last, float* scratch) {
  with_numbers(
      [&](auto b, auto s, auto w, auto out) {
        backward<decltype(b), decltype(s), decltype(w), decltype(out)>(rows, at, first, last, scratch);
      },
      rows.branch, rows.sum(), rows.weights, rows.normed);
}

}  // namespace welt::kernels::WELT_KERNELS
