// Initialisers: the moments and limits of torch.nn.init's.
#include "welt/nn/init.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/sdk/refusal.h"

namespace welt::nn {
namespace {

at::Tensor filled(const Init& init, at::IntArrayRef shape) {
  const at::Tensor tensor = at::empty(shape, at::kDouble);
  init(tensor);
  return tensor;
}
double deviation(const at::Tensor& tensor) { return tensor.std().item<double>(); }
double largest(const at::Tensor& tensor) { return tensor.abs().max().item<double>(); }

TEST(Init, ANumberIsTheDeviationOfANormalDistribution) { EXPECT_NEAR(deviation(filled(0.5, {200, 200})), 0.5, 0.01); }

TEST(Init, ATruncatedNormalStaysWithinItsLimits) {
  const at::Tensor tensor = filled(Init::truncated_normal(1, 0, -1, 1), {200, 200});
  EXPECT_LE(largest(tensor), 1);
  EXPECT_NEAR(deviation(tensor), 0.5396, 0.01);  // of a unit normal between ±1
}

TEST(Init, KaimingAndXavierScaleByTheFans) {
  const std::int64_t out = 64, in = 32, kernel = 9;  // a convolution [out, in, 3, 3]
  const auto fan = static_cast<double>(out * kernel);
  EXPECT_NEAR(deviation(filled(Init::kaiming({.fan = Init::Scale::Fan::out, .spread = Init::Scale::Spread::normal}),
                               {out, in, 3, 3})),
              std::sqrt(1 / fan), 0.02 * std::sqrt(1 / fan));
  const double bound = std::sqrt(6 / static_cast<double>((in + out) * kernel));
  const at::Tensor xavier = filled(Init::xavier(Init::Scale::Spread::uniform), {out, in, 3, 3});
  EXPECT_LE(largest(xavier), bound);
  EXPECT_GT(largest(xavier), 0.99 * bound);
  EXPECT_THROW(filled(Init::xavier(Init::Scale::Spread::normal), {3}), sdk::Failure);
}

TEST(Init, AFunctionFillsWhatItLikes) {
  const Init counting = Init::function([](const at::Tensor& tensor) { tensor.fill_(3).select(0, 0).fill_(1); });
  EXPECT_EQ(filled(counting, {4}).sum().item<double>(), 10);
}

TEST(Init, AnUnknownNameIsRefusedWithTheKnownOnes) {
  for (const std::string& name : Init::names()) filled(Init::named(name, 0.02), {3, 2});
  const std::string refused = test::refusal([] { Init::named("magic", 0.02); });
  EXPECT_EQ(refused.find("unknown initialiser \"magic\"; known: kaiming_normal, "), 0u) << refused;
}

}  // namespace
}  // namespace welt::nn
