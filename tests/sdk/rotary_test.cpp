// Rotary embeddings: how many dimensions turn, by which angles, and what is refused.
#include "welt/nn/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>
#include <welt/sdk/base.hpp>

namespace {

using at::Tensor;
using welt::nn::Rotary;
using welt::nn::RotaryConfig;

RotaryConfig config(std::int64_t head_dim, double share, const char* type = "default") {
  RotaryConfig out;
  out.head_dim = head_dim, out.partial_factor = share, out.theta = 100, out.max_positions = 16;
  out.type = type, out.factor = 2;
  return out;
}

// The angles per position of every pair.
std::vector<double> angles(const Rotary& rotary) {
  const auto table = rotary.table(at::tensor({1}, at::kLong), 1, at::kDouble);
  std::vector<double> out;
  for (std::int64_t i = 0; i < table.cos.size(1); ++i) {
    out.push_back(std::atan2(table.sin[0][i].item<double>(), table.cos[0][i].item<double>()));
  }
  return out;
}

TEST(Rotary, AnOddNumberOfDimensionsGetsOnePairMore) {
  for (const auto& [share, dims] : {std::pair{0.125, 1}, {0.3, 2}, {0.4, 3}, {0.5, 4}, {0.7, 5}, {0.9, 7}, {1.0, 8}}) {
    const Rotary rotary(config(8, share));
    EXPECT_EQ(rotary.width(), dims + dims % 2);
    const std::vector<double> found = angles(rotary);
    ASSERT_EQ(found.size(), static_cast<std::size_t>((dims + 1) / 2));
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], std::pow(100, -2.0 * static_cast<double>(i) / dims), 1e-12);
    }
  }
}

TEST(Rotary, TheRestOfAHeadStaysAsItIs) {
  const Rotary rotary(config(8, 0.4));
  const Tensor x = at::randn({2, 5, 3, 8}, at::kDouble);
  const auto table = rotary.table(at::arange(5, at::kLong), 4, at::kDouble);
  const Tensor cos = table.cos.expand({2, 5, 2}), sin = table.sin.expand({2, 5, 2});
  const Tensor turned = welt::nn::rotate(x, cos, sin).transpose(1, 2);
  EXPECT_TRUE(turned.narrow(3, 4, 4).equal(x.narrow(3, 4, 4)));
  // Dimension i turns with dimension i + 2: at position p by p · angle.
  const double angle = 3 * angles(rotary)[1];
  const double a = x[1][3][2][1].item<double>(), b = x[1][3][2][3].item<double>();
  EXPECT_NEAR(turned[1][3][2][1].item<double>(), a * std::cos(angle) - b * std::sin(angle), 1e-12);
  EXPECT_NEAR(turned[1][3][2][3].item<double>(), b * std::cos(angle) + a * std::sin(angle), 1e-12);
}

TEST(Rotary, RefusesWidthsThatDoNotGoWithTheHeadOrTheScaling) {
  EXPECT_THROW(Rotary(config(8, 0)), welt::sdk::Failure);
  EXPECT_THROW(Rotary(config(5, 1)), welt::sdk::Failure);     // 5 → 6 of 5
  EXPECT_THROW(Rotary(config(8, 1.25)), welt::sdk::Failure);  // 10 of 8
  EXPECT_THROW(Rotary(config(8, 0.25, "dynamic")), welt::sdk::Failure);
  EXPECT_THROW(Rotary(config(8, 0.4, "yarn")), welt::sdk::Failure);
  EXPECT_NO_THROW(Rotary(config(8, 0.4, "dynamic")));
  EXPECT_NO_THROW(Rotary(config(8, 0.5, "yarn")));
}

}  // namespace
