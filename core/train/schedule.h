// Learning rate by step. A new schedule is a function and a row in the table of schedule.cpp, its keys next to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

struct ScheduleOptions {
  std::string name = "cosine";  // one of schedules()
  double peak = 6e-4;
  double final_ratio = 0.1;  // of peak: where schedules that fall end
  std::int64_t warmup_steps = 0, steps = 1;
  double cycles = 0.5;                                          // of the cosine: half of one falls, and no more
  double power = 1;                                             // of the polynomial
  std::int64_t decay_steps = 0;                                 // of wsd, at the end
  std::int64_t stable_steps = -1;                               // of wsd, before these; −1: what is left
  std::string warmup_shape = "linear", decay_shape = "cosine";  // of wsd: linear, cosine or 1-sqrt
  std::int64_t timescale = 0;  // of inverse_sqrt; 0: the warm-up's steps, or 10,000 without one
  bool from_zero = false;      // as the Python reference: step k has the rate of step k − 1
  bool beyond = false;         // steps behind the end are as the formula has them, not as the last one
};

struct Schedule {
  std::string_view name;
  std::string_view help;  // a few words
  bool has_end;           // the rate at a step depends on where training ends
  // The share of `peak` after `step` steps, the warm-up being over.
  double (*share)(const ScheduleOptions& options, double step);
};

const std::vector<Schedule>& schedules();
// Throws Error naming the nearest one.
const Schedule& find_schedule(std::string_view name);

// The share of `peak` after `step` steps. Warm-up: step / warmup_steps; then the schedule's.
double schedule_share(const ScheduleOptions& options, double step);
// The rate of step k = 1 … steps: after k steps, so that the first one already moves; or from_zero.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

// Steps of warm-up: `warmup_steps`, unless it is 0; then that share of all steps, rounded up.
std::int64_t warmup_of(std::int64_t warmup_steps, double ratio, std::int64_t steps);

void add_schedule_keys(std::vector<RecipeKey>& keys);
// Throws Error where the schedule does not fit into train.steps.
ScheduleOptions schedule_options(const Recipe& recipe);

}  // namespace welt
