// Row recurrence: the pass over rows equals the plain form in values and gradients, with documents, padding and caches.
#include "welt/nn/recurrence.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <vector>

namespace {

using at::Tensor;
using welt::nn::RowInput;
using welt::nn::RowPlan;

constexpr std::int64_t width = 300;  // more than a task's channels, and no multiple of them
const std::vector<std::int64_t> shape{3, 100};

double gap(const Tensor& a, const Tensor& b) { return a.numel() == 0 ? 0 : (a - b).abs().max().item<double>(); }
Tensor longs(std::vector<std::int64_t> values) { return at::tensor(values, at::kLong); }

// keep and add side by side as a layer's input: one tensor [.., 2·W].
Tensor recur(const Tensor& both, RowInput input) {
  input.embeds = both;
  const RowPlan plan(input);
  const Tensor x = plan.enter(both);
  const Tensor out = welt::nn::row_recurrence(x.narrow(1, 0, width).sigmoid(), x.narrow(1, width, width), plan,
                                              welt::nn::RecurrentRows(plan), 0, shape);
  const Tensor back = plan.leave(out);
  plan.commit();
  return back;
}
Tensor plainly(const Tensor& both, const Tensor& marks) {
  return welt::nn::recurrence_by_operators(both.narrow(2, 0, width).sigmoid(), both.narrow(2, width, width), marks, {});
}

TEST(Recurrence, EqualsThePlainFormInValuesAndGradients) {
  for (const at::ScalarType type : {at::kDouble, at::kFloat}) {
    const double near = type == at::kDouble ? 1e-12 : 1e-5;
    Tensor one = at::randn({2, 70, 2 * width}, type).requires_grad_(), other = one.detach().clone().requires_grad_();
    const Tensor documents = longs({0, 1}).repeat_interleave(35).expand({2, 70}).contiguous();
    Tensor valid = at::ones({2, 70}, at::kBool);
    valid[0].narrow(0, 0, 4).fill_(false);
    valid[1].narrow(0, 50, 3).fill_(false);
    Tensor marks = valid.logical_not().to(at::kByte).mul(2);
    marks.select(1, 0).add_(1);
    marks.select(1, 35).add_(1);
    const Tensor weights = at::randn({2, 70, width}, type);
    const Tensor seen = recur(one, {.key_valid = valid, .document_id = documents}), expected = plainly(other, marks);
    EXPECT_LT(gap(seen, expected), near);
    (seen * weights).sum().backward();
    (expected * weights).sum().backward();
    EXPECT_LT(gap(one.grad(), other.grad()), near * 10);
  }
}

TEST(Recurrence, PackedRowsAreTheRowsAlone) {
  const Tensor both = at::randn({9, 2 * width}, at::kDouble);
  const Tensor packed = recur(both, {.row_offsets = longs({0, 4, 4, 5, 9})});
  EXPECT_LT(gap(packed.narrow(0, 0, 4), recur(both.narrow(0, 0, 4).unsqueeze(0), {})[0]), 1e-12);
  EXPECT_LT(gap(packed.narrow(0, 4, 1), recur(both.narrow(0, 4, 1).unsqueeze(0), {})[0]), 1e-12);
  EXPECT_LT(gap(packed.narrow(0, 5, 4), recur(both.narrow(0, 5, 4).unsqueeze(0), {})[0]), 1e-12);
}

TEST(Recurrence, StepsThroughACacheAreOneCall) {
  const Tensor both = at::randn({2, 6, 2 * width}, at::kDouble), whole = recur(both, {});
  welt::nn::Cache cache({.states = {shape}}, 2, 6, 0);
  std::vector<Tensor> parts;
  for (const auto& [from, length] : {std::pair{0, 3}, std::pair{3, 1}, std::pair{4, 2}})
    parts.push_back(recur(both.narrow(1, from, length), {.cache = &cache}));
  EXPECT_LT(gap(at::cat(parts, 1), whole), 1e-12);
}

}  // namespace
