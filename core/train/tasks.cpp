// See tasks.h.
#include "core/train/tasks.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/train/report.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace welt {
namespace {

TaskOutcome train_task(const Recipe& recipe, const TaskOptions& options) {
  if (options.dry_run) return {plan_report(recipe, open_session(recipe, SessionUse::train))};
  const TrainResult result = train(recipe, {.resume = options.resume, .allow_changes = options.allow_changes});
  return {training_report(recipe, result), result.signal ? 128 + result.signal : 0};
}

TaskOutcome evaluate_task(const Recipe& recipe, const TaskOptions& options) {
  if (options.resume)
    fail({recipe.path().string(), "--resume with task = \"evaluate\"", "a recipe that trains",
          "An evaluation starts anew each time: leave --resume out"});
  if (options.dry_run) return {evaluation_plan(recipe)};
  return {evaluation_report(recipe, {})};
}

}  // namespace

const std::vector<Task>& tasks() {
  static const std::vector<Task> all{{"train", "train a model", train_task},
                                     {"evaluate", "measure the model of model.from on held-out text", evaluate_task}};
  return all;
}

TaskOutcome run_task(const Recipe& recipe, const TaskOptions& options) {
  return std::ranges::find(tasks(), recipe.string("task"), &Task::name)->run(recipe, options);
}

}  // namespace welt
