// BatchNorm2d: the batch's own statistics while training, the running ones in evaluation.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "welt/nn/layers.h"

namespace welt::nn {
namespace {

struct Norm : BatchNorm2d {
  explicit Norm(std::optional<double> momentum = 0.1) : BatchNorm2d(3, 1e-5, at::kDouble, momentum) { initialise(); }
};

TEST(BatchNorm, TrainingNormalisesByTheBatchAndMovesTheRunningStatistics) {
  Norm norm;
  norm.set_training(true);
  const at::Tensor x = at::randn({4, 3, 5, 2}, at::kDouble) * 3 + 1, rows = x.transpose(0, 1).reshape({3, 40});
  const at::Tensor y = norm(x).transpose(0, 1).reshape({3, 40});
  EXPECT_TRUE(at::allclose(y.mean(1), at::full({3}, 0.0, at::kDouble)));
  EXPECT_TRUE(at::allclose(norm.running_mean, 0.1 * rows.mean(1)));
  EXPECT_TRUE(at::allclose(norm.running_var, 0.9 + 0.1 * rows.var(1)));  // unbiased, as torch keeps it
  EXPECT_EQ(norm.num_batches_tracked.item<std::int64_t>(), 1);
}

TEST(BatchNorm, EvaluationUsesTheRunningStatisticsAndLeavesThem) {
  Norm norm;
  const at::Tensor x = at::randn({2, 3, 4, 4}, at::kDouble), before = norm.running_var.clone();
  EXPECT_TRUE(at::allclose(norm(x), x, 1e-4));  // mean 0 and variance 1, as it starts
  EXPECT_TRUE(at::equal(norm.running_var, before));
  EXPECT_EQ(norm.num_batches_tracked.item<std::int64_t>(), 0);
}

TEST(BatchNorm, WithoutMomentumTheRunningStatisticsAreTheMeanOverBatches) {
  Norm norm(std::nullopt);
  norm.set_training(true);
  const at::Tensor one = at::randn({2, 3, 4, 4}, at::kDouble), other = at::randn({2, 3, 4, 4}, at::kDouble) + 2;
  norm(one), norm(other);
  const at::Tensor mean = (one.mean({0, 2, 3}) + other.mean({0, 2, 3})) / 2;
  EXPECT_TRUE(at::allclose(norm.running_mean, mean));
}

TEST(BatchNorm, TwoCallsBeforeOneBackwardGiveGradients) {  // images of two sizes in one step
  Norm norm;
  norm.set_training(true);
  const at::Tensor one = norm(at::randn({2, 3, 4, 4}, at::kDouble)), other = norm(at::randn({2, 3, 4, 6}, at::kDouble));
  (one.square().sum() + other.square().sum()).backward();
  EXPECT_TRUE(norm.weight.grad().defined());
}

TEST(BatchNorm, OneValuePerChannelAndNoImagesChangeNothing) {
  Norm norm;
  norm.set_training(true);
  const at::Tensor one = at::randn({1, 3, 1, 1}, at::kDouble).set_requires_grad(true);
  EXPECT_TRUE(at::allclose(norm(one), one, 1e-4)) << "by the running statistics: mean 0, variance 1";
  norm(one).sum().backward();
  EXPECT_TRUE(one.grad().defined());
  EXPECT_EQ(norm(at::randn({0, 3, 4, 4}, at::kDouble)).size(0), 0);
  EXPECT_EQ(norm.num_batches_tracked.item<std::int64_t>(), 0);
}

TEST(BatchNorm, AnOutlineRunsOnTheMetaDevice) {
  BatchNorm2d norm(3, 1e-5, at::TensorOptions(at::kFloat).device(at::kMeta));
  for (const bool training : {false, true}) {
    norm.set_training(training);
    const at::Tensor x = at::randn({2, 3, 4, 4}, at::TensorOptions(at::kFloat).device(at::kMeta));
    EXPECT_EQ(norm(x).sizes(), x.sizes());
  }
}

}  // namespace
}  // namespace welt::nn
