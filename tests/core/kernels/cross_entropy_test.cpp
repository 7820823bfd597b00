// The loss of byte logits, against its definition.
#include "core/kernels/cross_entropy.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace welt {
namespace {

TEST(CrossEntropy, IsTheSumInFloat) {
  const at::Tensor logits = at::randn({7, 256}, at::kDouble);
  const at::Tensor targets = at::tensor({0, 1, 255, 3, 3, 77, 128}, at::kLong);
  const double expected = -at::log_softmax(logits, -1).gather(1, targets.unsqueeze(1)).sum().item<double>();
  EXPECT_NEAR(byte_cross_entropy(logits, targets).item<double>(), expected, 1e-12);
  const at::Tensor reduced = byte_cross_entropy(logits.to(at::kBFloat16), targets);
  EXPECT_EQ(reduced.scalar_type(), at::kFloat);
  EXPECT_NEAR(reduced.item<double>(), expected, 0.2);
}

}  // namespace
}  // namespace welt
