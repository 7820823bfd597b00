// See recurrence.h.
#include "welt/nn/recurrence.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "welt/nn/parallel.h"

namespace welt::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::uint8_t starts = 1, hidden = 2;  // nothing before this token counts; it changes nothing
constexpr std::int64_t lane = 256;              // channels that one task takes through a row: they stay in L1

// One row's channels first … first + count − 1 of T tokens, W apart.
template <typename T>
struct Strip {
  std::int64_t tokens, width, first, count;
};

template <typename T>
void scan(const Strip<T>& strip, const T* keep, const T* add, const std::uint8_t* marks, const T* before, T* after) {
  T state[lane] = {};
  if (before != nullptr) std::copy_n(before + strip.first, strip.count, state);
  for (std::int64_t t = 0; t < strip.tokens; ++t) {
    const std::int64_t at = t * strip.width + strip.first;
    const T *a = keep + at, *b = add + at;
    T* out = after + at;
    if (marks[t] & starts) std::fill_n(state, strip.count, T(0));
    if (!(marks[t] & hidden))
      for (std::int64_t c = 0; c < strip.count; ++c) state[c] = a[c] * state[c] + b[c];
    std::copy_n(state, strip.count, out);
  }
}

// D[t] = d after[t] + keep[t+1] D[t+1]: d add = D, d keep = D h[t−1].
template <typename T>
void scan_back(const Strip<T>& strip, const T* keep, const std::uint8_t* marks, const T* after, const T* d_after,
               T* d_keep, T* d_add) {
  T carried[lane] = {};
  for (std::int64_t t = strip.tokens - 1; t >= 0; --t) {
    const std::int64_t at = t * strip.width + strip.first;
    const bool first = t == 0 || (marks[t] & starts);
    for (std::int64_t c = 0; c < strip.count; ++c) carried[c] += d_after[at + c];
    if (marks[t] & hidden) {
      std::fill_n(d_keep + at, strip.count, T(0));
      std::fill_n(d_add + at, strip.count, T(0));
    } else {
      const T *a = keep + at, *previous = first ? nullptr : after + at - strip.width;
      for (std::int64_t c = 0; c < strip.count; ++c) {
        d_add[at + c] = carried[c];
        d_keep[at + c] = previous == nullptr ? T(0) : carried[c] * previous[c];
        carried[c] *= a[c];
      }
    }
    if (first) std::fill_n(carried, strip.count, T(0));
  }
}

// strip(row, channels) for every strip of a group's rows, on all threads.   any [n, T, W]
template <typename T, typename Body>
void for_each_strip(const at::Tensor& any, const Body& body) {
  const std::int64_t rows = any.size(0), width = any.size(2), lanes = (width + lane - 1) / lane;
  in_parallel(rows * lanes, [&](std::int64_t task) {
    const std::int64_t first = task % lanes * lane;
    body(task / lanes, Strip<T>{any.size(1), width, first, std::min(lane, width - first)});
  });
}

template <typename T>
at::Tensor forward_on_cpu(const at::Tensor& keep, const at::Tensor& add, const at::Tensor& marks,
                          const at::Tensor& before) {
  at::Tensor after = at::empty_like(keep);
  const std::int64_t row = keep.size(1) * keep.size(2);
  for_each_strip<T>(keep, [&](std::int64_t r, const Strip<T>& strip) {
    scan<T>(strip, keep.const_data_ptr<T>() + r * row, add.const_data_ptr<T>() + r * row,
            marks.const_data_ptr<std::uint8_t>() + r * strip.tokens,
            before.defined() ? before.const_data_ptr<T>() + r * strip.width : nullptr,
            after.mutable_data_ptr<T>() + r * row);
  });
  return after;
}

// In and out [n, T, W]; marks [n, T]. The state before the first token is 0: a call with a cache carries no gradient.
struct Recurrence : torch::autograd::Function<Recurrence> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& keep, const at::Tensor& add,
                            const at::Tensor& marks) {
    const at::Tensor after = keep.scalar_type() == at::kDouble ? forward_on_cpu<double>(keep, add, marks, {})
                                                               : forward_on_cpu<float>(keep, add, marks, {});
    context->save_for_backward({keep, marks, after});
    return after;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor d_after = gradients[0].contiguous();
    at::Tensor d_keep = at::empty_like(saved[0]), d_add = at::empty_like(saved[0]);
    const auto run = [&]<typename T>(T) {
      const std::int64_t row = d_keep.size(1) * d_keep.size(2);
      for_each_strip<T>(d_keep, [&](std::int64_t r, const Strip<T>& strip) {
        scan_back<T>(strip, saved[0].const_data_ptr<T>() + r * row,
                     saved[1].const_data_ptr<std::uint8_t>() + r * strip.tokens, saved[2].const_data_ptr<T>() + r * row,
                     d_after.const_data_ptr<T>() + r * row, d_keep.mutable_data_ptr<T>() + r * row,
                     d_add.mutable_data_ptr<T>() + r * row);
      });
    };
    saved[0].scalar_type() == at::kDouble ? run(double()) : run(float());
    return {d_keep, d_add, {}};
  }
};

at::Tensor run(const at::Tensor& keep, const at::Tensor& add, const at::Tensor& marks, const at::Tensor& before) {
  if (!keep.is_cpu()) return recurrence_by_operators(keep, add, marks, before);
  if (!before.defined()) return Recurrence::apply(keep.contiguous(), add.contiguous(), marks.contiguous());
  return keep.scalar_type() == at::kDouble
             ? forward_on_cpu<double>(keep.contiguous(), add.contiguous(), marks.contiguous(), before.contiguous())
             : forward_on_cpu<float>(keep.contiguous(), add.contiguous(), marks.contiguous(), before.contiguous());
}

}  // namespace

// Composes steps of 1, 2, 4, … tokens.
at::Tensor recurrence_by_operators(at::Tensor keep, at::Tensor add, const at::Tensor& marks, const at::Tensor& before) {
  const at::Tensor unseen = marks.bitwise_and(hidden).to(at::kBool).unsqueeze(-1);
  keep = keep.masked_fill(unseen, 1).masked_fill(marks.bitwise_and(starts).to(at::kBool).unsqueeze(-1), 0);
  add = add.masked_fill(unseen, 0);
  if (before.defined()) {
    const at::Tensor first = add.narrow(1, 0, 1) + keep.narrow(1, 0, 1) * before.unsqueeze(1);
    add = at::cat({first, add.slice(1, 1)}, 1);
  }
  for (std::int64_t step = 1; step < keep.size(1); step *= 2) {
    const std::int64_t rest = keep.size(1) - step;
    const at::Tensor late = keep.narrow(1, step, rest);
    add = at::cat({add.narrow(1, 0, step), add.narrow(1, step, rest) + late * add.narrow(1, 0, rest)}, 1);
    keep = at::cat({keep.narrow(1, 0, step), late * keep.narrow(1, 0, rest)}, 1);
  }
  return add;
}

RecurrentRows::RecurrentRows(const RowPlan& plan) : marks(plan.starts().to(at::kByte)) {
  if (const at::Tensor valid = plan.valid(); valid.defined())
    marks = marks.bitwise_or(valid.logical_not().to(at::kByte).mul(hidden));
}

at::Tensor row_recurrence(const at::Tensor& keep, const at::Tensor& add, const RowPlan& plan, const RecurrentRows& rows,
                          std::size_t state, const std::vector<std::int64_t>& shape) {
  std::vector<at::Tensor> parts{add.narrow(0, 0, 0)};  // a call may have no tokens
  Cache* cache = plan.cache();
  for (const RowGroup& group : plan.groups()) {
    const auto block = [&](const at::Tensor& x) {
      return x.narrow(0, group.first_token, group.rows * group.length).unflatten(0, {group.rows, group.length});
    };
    if (group.length == 0) continue;
    at::Tensor before;
    if (cache) before = cache->read(state, group.index, add.options()).flatten(1).to(add.scalar_type());  // [n, W]
    const at::Tensor after = run(block(keep), block(add), block(rows.marks), before);                     // [n, T, W]
    if (cache) {
      std::vector<std::int64_t> kept{group.rows, cache->kept(group.length)};
      kept.insert(kept.end(), shape.begin(), shape.end());
      cache->write(state, group.index, after.slice(1, group.length - kept[1]).reshape(kept));
    }
    parts.push_back(after.flatten(0, 1));
  }
  return parts.size() == 2 ? parts[1] : at::cat(parts);
}

}  // namespace welt::nn
