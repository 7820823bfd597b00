// What a recipe can ask for: the key `task`. A new one is a file with its function, and a row in tasks.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

struct TaskOptions {
  bool dry_run = false;                         // build and read everything, tell the plan, change nothing
  bool resume = false;                          // continue the newest run of this name
  std::vector<std::string> allow_changes = {};  // TrainOptions
  std::int64_t profile = 0;                     // TrainOptions
};

struct TaskOutcome {
  std::string report;  // for people, on standard output
  int status = 0;      // the program's exit status
};

struct Task {
  std::string_view name;
  std::string_view help;                // a few words
  void (*check)(const Recipe& recipe);  // throws Error for what run() would refuse, as far as it can be told before
  TaskOutcome (*run)(const Recipe& recipe, const TaskOptions& options);
};

const std::vector<Task>& tasks();
// Throws Error for options of a training, which a task of another kind does not take.
void refuse_training_options(const Recipe& recipe, const TaskOptions& options);
void check_task(const Recipe& recipe);
TaskOutcome run_task(const Recipe& recipe, const TaskOptions& options);

}  // namespace welt
