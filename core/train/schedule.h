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
  double final_ratio = 0.1;  // linear and cosine end at peak · final_ratio
  std::int64_t warmup_steps = 0, steps = 1;
};

struct Schedule {
  std::string_view name;
  std::string_view help;  // a few words
  bool has_end;           // the rate at a step depends on where training ends
  // The share of `peak` when `done` (0 … 1) of the way from the warm-up's end to the last step is behind.
  double (*share)(const ScheduleOptions& options, double done);
};

const std::vector<Schedule>& schedules();
// Throws Error naming the nearest one.
const Schedule& find_schedule(std::string_view name);

// The rate of step k = 1 … steps. Warm-up: peak · k / warmup_steps for k ≤ warmup_steps (step 1 already moves); then
// peak times the schedule's share.
double learning_rate(const ScheduleOptions& options, std::int64_t step);

void add_schedule_keys(std::vector<RecipeKey>& keys);
ScheduleOptions schedule_options(const Recipe& recipe);

}  // namespace welt
