// Norms, activations, loss and modules of sdk/nn.
#include "welt/nn/blocks.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <welt/sdk/base.hpp>

#include "welt/nn/model.h"

namespace {

using at::Tensor;

TEST(Blocks, RmsNormOfReducedPrecisionIsComputedInFloat) {
  const at::NoGradGuard no_grad;
  welt::nn::RMSNorm norm(64, 1e-6, at::TensorOptions(at::kDouble));
  norm.weight.copy_(at::randn({64}, at::kDouble));
  const Tensor x = at::randn({5, 64}, at::kDouble) * 100;
  const Tensor expected = x / (x * x).mean(-1, true).sqrt() * norm.weight;
  EXPECT_LT((norm(x) - expected).abs().max().item<double>(), 1e-8);
  norm.weight = norm.weight.to(at::kBFloat16);
  const Tensor reduced = norm(x.to(at::kBFloat16));
  EXPECT_EQ(reduced.scalar_type(), at::kBFloat16);
  EXPECT_LT(((reduced.to(at::kDouble) - expected) / expected).abs().max().item<double>(), 0.04);
}

TEST(Blocks, ResidualNormGivesSumAndNorm) {
  welt::nn::LayerNorm norm(8, 1e-5, at::TensorOptions(at::kDouble));
  norm.initialise();
  const Tensor a = at::randn({3, 8}, at::kDouble), b = at::randn({3, 8}, at::kDouble);
  const welt::nn::Residual both = welt::nn::residual_norm(a, b, norm.spec());
  EXPECT_EQ((both.sum - (a + b)).abs().max().item<double>(), 0);
  EXPECT_LT((both.normed - norm(a + b)).abs().max().item<double>(), 1e-15);
  EXPECT_LT(both.normed.mean(-1).abs().max().item<double>(), 1e-12);
}

TEST(Activation, KnowsEveryNameAndSaysSo) {
  const Tensor x = at::randn({50}, at::kDouble);
  for (const std::string& name : welt::nn::activation_names())
    EXPECT_EQ(welt::nn::Activation(name)(x).sizes(), x.sizes());
  try {
    welt::nn::Activation("gelu_old");
    FAIL() << "an unknown name was taken";
  } catch (const welt::sdk::Failure& failure) {
    EXPECT_NE(std::string(failure.what()).find("gelu_pytorch_tanh"), std::string::npos);
  }
}

TEST(Module, Conv1DIsALinearWithItsMatrixTheOtherWayRound) {
  const at::NoGradGuard no_grad;
  welt::nn::Conv1D conv(5, 3, at::TensorOptions(at::kDouble), 0.5);
  welt::nn::Linear linear(5, 3, true, at::TensorOptions(at::kDouble), 0.5);
  conv.initialise();
  conv.bias.normal_();
  EXPECT_EQ(conv.weight.sizes(), (at::IntArrayRef{5, 3}));
  linear.weight = conv.weight.t(), linear.bias = conv.bias;
  const Tensor x = at::randn({7, 5}, at::kDouble);
  EXPECT_LT((conv(x) - linear(x)).abs().max().item<double>(), 1e-14);
}

TEST(Module, MetaHasShapesAndNamesWithoutMemory) {
  struct Two : welt::nn::Module {
    explicit Two(const at::TensorOptions& options) : linear(3, 1 << 20, true, options, 0.1), norm(3, 1e-5, options) {
      child("block.0", linear);
      child("", norm, /*optional_in_file=*/true);
    }
    welt::nn::Linear linear;
    welt::nn::LayerNorm norm;
  } two(at::TensorOptions(at::kFloat).device(at::kMeta));
  const auto slots = two.slots();
  ASSERT_EQ(slots.size(), 4u);
  EXPECT_EQ(slots[0].name, "block.0.weight");
  EXPECT_EQ(slots[1].name, "block.0.bias");
  EXPECT_EQ(slots[2].name, "weight");
  EXPECT_TRUE(slots[0].tensor->is_meta());
  EXPECT_TRUE(slots[0].traits.decay && !slots[1].traits.decay && !slots[2].traits.decay);
  EXPECT_TRUE(!slots[0].optional_in_file && slots[3].optional_in_file);
}

TEST(Dropout, IsOffAtZeroAndRescales) {
  const Tensor x = at::ones({100000});
  EXPECT_TRUE(welt::nn::dropout(x, 0).is_same(x));
  const Tensor y = welt::nn::dropout(x, 0.25);
  EXPECT_NEAR(y.mean().item<double>(), 1, 0.02);
  EXPECT_NEAR((y == 0).to(at::kFloat).mean().item<double>(), 0.25, 0.02);
}

}  // namespace
