// Rotary embeddings: how many dimensions turn, by which angles, and what is refused.
#include "welt/nn/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>
#include <welt/sdk/base.hpp>

#include "tests/sdk/config_view.h"
#include "tests/sdk/refusal.h"

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

using Values = std::map<std::string, welt::test::ConfigView::Value>;

// The bases of both kinds of layers; empty: refused with `refusal`.
std::vector<double> bases(Values values, std::string* refusal = nullptr, bool scale_sliding = false) {
  struct Settings : welt::sdk::Fields {
    Settings(const welt::sdk::Config& config, bool scale_sliding) : Fields(config) {
      pair = welt::nn::RotaryPair::fields(*this, 8,
                                          {.max_positions = 64,
                                           .full = {"theta", 100},
                                           .sliding = {"local_theta", 10},
                                           .scale_sliding = scale_sliding});
    }
    welt::nn::RotaryPair pair;
  };
  // As a host gives it: what is absent has its default.
  for (const auto& [key, value] : Values{{"theta", 100.0}, {"local_theta", 10.0}, {"max_position_embeddings", 64L}})
    values.emplace(key, value);
  const welt::test::ConfigView view(std::move(values));
  std::vector<double> out;
  const std::string message = welt::test::refusal([&] {
    const auto [full, sliding] = Settings(welt::sdk::Config(&view), scale_sliding).pair;
    out = {full.theta, sliding.theta, full.factor, sliding.factor};
  });
  if (refusal != nullptr) *refusal = message;
  return out;
}

TEST(Rotary, LayersOfTwoKindsHaveBasesOfTheirOwnInBothSpellings) {
  const std::string table = "present", linear = "linear";
  EXPECT_EQ(bases({}), (std::vector<double>{100, 10, 1, 1}));
  EXPECT_EQ(bases({{"local_theta", nullptr}, {"theta", 50.0}}), (std::vector<double>{50, 50, 1, 1}));
  const Values scaling{{"rope_scaling", table}, {"rope_scaling.rope_type", linear}, {"rope_scaling.factor", 4.0}};
  EXPECT_EQ(bases(scaling), (std::vector<double>{100, 10, 4, 1}));
  EXPECT_EQ(bases(scaling, nullptr, /*scale_sliding=*/true), (std::vector<double>{100, 10, 4, 4}));
  const Values now{{"rope_parameters", table},
                   {"rope_parameters.full_attention", table},
                   {"rope_parameters.full_attention.rope_theta", 700.0},
                   {"rope_parameters.sliding_attention", table},
                   {"rope_parameters.sliding_attention.rope_type", linear},
                   {"rope_parameters.sliding_attention.factor", 2.0}};
  EXPECT_EQ(bases(now), (std::vector<double>{700, 10, 1, 2}));
}

TEST(Rotary, LayersOfTwoKindsRefuseTwoSpellingsAndOneSetForBoth) {
  const auto refusal = [](Values values) {
    std::string out;
    values.emplace("rope_parameters", "present");
    bases(std::move(values), &out);
    return out;
  };
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({{"rope_scaling", "present"}}),
            "rope_parameters and rope_scaling are both given; expected one of the two spellings");
  EXPECT_EQ(refusal({{"theta", 5.0}, {"rope_parameters.full_attention.rope_theta", 6.0}}),
            "rope_parameters and another theta are both given; expected one of the two spellings");
  EXPECT_EQ(refusal({{"rope_parameters.rope_theta", 6.0}}),
            "rope_parameters.rope_theta is given; expected the tables full_attention and sliding_attention");
  EXPECT_EQ(refusal({{"rope_parameters.sliding_attention.rope_theta", 0.0}}),
            "rope_parameters.sliding_attention.rope_theta is 0.000000; expected a number above 0");
  EXPECT_EQ(refusal({{"rope_parameters.full_attention.rope_type", "linear"},
                     {"rope_parameters.full_attention.factor", -1.0}}),
            "rope_parameters.full_attention.factor is -1.000000; expected a number above 0");
}

}  // namespace
