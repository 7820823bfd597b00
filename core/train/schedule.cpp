// See schedule.h.
#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace welt {

double learning_rate(const ScheduleOptions& options, std::int64_t step) {
  if (step <= options.warmup_steps)
    return options.peak * static_cast<double>(step) / static_cast<double>(options.warmup_steps);
  const auto length = static_cast<double>(std::max<std::int64_t>(1, options.steps - options.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup_steps) / length);
  const double span = 1.0 - options.final_ratio;
  if (options.name == "linear") return options.peak * (1.0 - span * done);
  if (options.name == "cosine")
    return options.peak * (options.final_ratio + span * 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
  return options.peak;
}

}  // namespace welt
