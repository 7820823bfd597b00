// Learning rates by step, against the formula of the golden training traces.
#include "core/train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace welt {
namespace {

TEST(Schedule, WarmsUpFromTheFirstStepThenFollowsACosine) {
  const ScheduleOptions options{.name = "cosine", .peak = 3e-3, .final_ratio = 0.1, .warmup_steps = 5, .steps = 30};
  EXPECT_DOUBLE_EQ(learning_rate(options, 1), 3e-3 / 5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 5), 3e-3);
  for (int k = 6; k <= 30; ++k)
    EXPECT_NEAR(learning_rate(options, k), 3e-3 * (0.1 + 0.45 * (1 + std::cos(std::numbers::pi * (k - 5) / 25))),
                1e-15);
  EXPECT_NEAR(learning_rate(options, 30), 3e-4, 1e-15);
}

TEST(Schedule, TheHalvedCosineIsHalfOfTheCosineFromTheMiddleOn) {
  const ScheduleOptions plain{.name = "cosine", .peak = 4e-3, .final_ratio = 0.1, .warmup_steps = 0, .steps = 10};
  ScheduleOptions halved = plain;
  halved.name = "cosine_halved";
  for (int k = 1; k <= 10; ++k)
    EXPECT_DOUBLE_EQ(learning_rate(halved, k), learning_rate(plain, k) * (k < 5 ? 1.0 : 0.5)) << k;
}

TEST(Schedule, LinearAndConstant) {
  ScheduleOptions options{.name = "linear", .peak = 1.0, .final_ratio = 0.0, .warmup_steps = 0, .steps = 10};
  EXPECT_DOUBLE_EQ(learning_rate(options, 5), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(options, 10), 0.0);
  options.name = "constant";
  EXPECT_DOUBLE_EQ(learning_rate(options, 7), 1.0);
}

TEST(Schedule, WarmupAsLongAsTheRunAndStepsBeyondTheEndStayDefined) {
  const ScheduleOptions options{.name = "cosine", .peak = 1.0, .final_ratio = 0.5, .warmup_steps = 10, .steps = 10};
  EXPECT_DOUBLE_EQ(learning_rate(options, 10), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate(options, 12), 0.5);
}

}  // namespace
}  // namespace welt
