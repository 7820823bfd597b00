// Learning rate by step.
#pragma once

#include <cstdint>
#include <string>

namespace welt {

struct ScheduleOptions {
  std::string name = "cosine";  // constant | linear | cosine
  double peak = 6e-4;
  double final_ratio = 0.1;  // linear and cosine end at peak · final_ratio
  std::int64_t warmup_steps = 0, steps = 1;
};

// The rate of step k = 1 … steps. Warm-up: peak · k / warmup_steps for k ≤ warmup_steps (step 1 already moves); then
// constant, or from peak to peak · final_ratio at the last step, linearly or along half a cosine.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

}  // namespace welt
