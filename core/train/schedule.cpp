// See schedule.h.
#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/recipe/choices.h"

namespace welt {
namespace {

double constant(const ScheduleOptions&, double) { return 1.0; }

double linear(const ScheduleOptions& options, double done) { return 1.0 - (1.0 - options.final_ratio) * done; }

double cosine(const ScheduleOptions& options, double done) {
  return options.final_ratio + (1.0 - options.final_ratio) * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace

const std::vector<Schedule>& schedules() {
  static const std::vector<Schedule> all{
      {"constant", "the highest rate", /*has_end=*/false, constant},
      {"linear", "a line down to train.final_ratio", /*has_end=*/true, linear},
      {"cosine", "half a cosine down to train.final_ratio", /*has_end=*/true, cosine}};
  return all;
}

const Schedule& find_schedule(std::string_view name) { return find_choice(schedules(), name, "train.schedule"); }

double learning_rate(const ScheduleOptions& options, std::int64_t step) {
  if (step <= options.warmup_steps)
    return options.peak * static_cast<double>(step) / static_cast<double>(options.warmup_steps);
  const auto length = static_cast<double>(std::max<std::int64_t>(1, options.steps - options.warmup_steps));
  const double done = std::min(1.0, static_cast<double>(step - options.warmup_steps) / length);
  return options.peak * find_schedule(options.name).share(options, done);
}

void add_schedule_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"train.learning_rate", "number", 6e-4, "Highest learning rate", 0, recipe_no_limit});
  keys.push_back(table_key("train.schedule", "cosine", "The learning rate after the warm-up", schedules()));
  keys.push_back(
      {"train.warmup_steps", "integer", 50, "Steps in which the learning rate rises from 0", 0, recipe_no_limit});
  keys.push_back({"train.final_ratio", "number", 0.1, "Learning rate at the end, as a share of the highest", 0, 1});
}

ScheduleOptions schedule_options(const Recipe& recipe) {
  return {.name = recipe.string("train.schedule"),
          .peak = recipe.number("train.learning_rate"),
          .final_ratio = recipe.number("train.final_ratio"),
          .warmup_steps = recipe.integer("train.warmup_steps"),
          .steps = recipe.integer("train.steps")};
}

}  // namespace welt
