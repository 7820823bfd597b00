#include "core/train/step_shares.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/stopwatch.h"
#include "core/kernels/operators.h"

namespace welt {
namespace {

// The engine's record of a node has the node's own within it. What is timed is the calls alone, one after the other.
TEST(StepShares, AttentionsBackwardIsCountedOnce) {
  const at::Tensor offsets = at::arange(0, 4097, 64, at::kLong);
  const auto heads = [] { return at::randn({4096, 4, 64}).requires_grad_(); };
  const at::Tensor q = heads(), k = heads(), v = heads();
  const OperatorWatch watch;
  const auto start = Clock::now();
  const at::Tensor out =
      kernels::row_attention(q, k, v, offsets, {}, {}, {}, {}, {}, 0.125, /*causal=*/false, -1, -1, 0, 0);
  torch::autograd::grad({out}, {q, k, v}, {at::ones_like(out)});
  const double all = seconds_since(start);
  EXPECT_GT(watch.shares().attention_seconds, 0);
  EXPECT_LE(watch.shares().attention_seconds, all);
}

}  // namespace
}  // namespace welt
