// See tasks.h.
#include "core/train/tasks.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/recipe/choices.h"
#include "core/train/best.h"
#include "core/train/distill.h"
#include "core/train/extract.h"
#include "core/train/optimizers.h"
#include "core/train/pins.h"
#include "core/train/recipe_text.h"
#include "core/train/report.h"
#include "core/train/resume.h"
#include "core/train/schedule.h"
#include "core/train/session.h"
#include "core/train/train_embedding.h"
#include "core/train/trainer.h"

namespace welt {
namespace {

void check_train(const Recipe& recipe) {
  best_options(recipe);
  optimizer_of(recipe);
  schedule_options(recipe);
  check_model(recipe, SessionUse::train);
  if (!names_training_text(recipe))
    fail({recipe.where("data.train.files") + ": data.train.files", "no file is named", "files = [\"…\"]", {}});
  training_text(recipe);
}

void check_evaluate(const Recipe& recipe) {
  check_model(recipe, SessionUse::evaluate);
  check_evaluation(recipe);
}

// What --resume would do, with all that it refuses.
std::string resumed_plan(const Recipe& recipe, const std::vector<std::string>& allow_changes) {
  check_allowed(recipe.schema(), allow_changes);
  const std::filesystem::path run = run_to_resume(recipe);
  if (run.empty()) return plan_report(recipe, open_session(recipe, SessionUse::train));
  check_same_recipe(recipe, run, allow_changes);
  const ResumePoint point = find_resume_point(recipe, run);
  for (const ResumePoint::Damaged& damaged : point.damaged)
    log_warning("train", "{} It would be put aside", damaged.error);
  if (point.finished) {
    TrainResult result;
    result.run = run;
    result.finished_before = true;
    result.last_step = point.state.step;
    result.steps = recipe.integer("train.steps");
    return training_report(recipe, result);
  }
  const Session session = open_session(recipe, SessionUse::train, point.checkpoint);
  nlohmann::json inputs = pin_inputs(recipe, session.model.spec());
  check_same_inputs(recipe, run, inputs, allow_changes);
  check_same_words(recipe, run, point.checkpoint, session.model.spec(), allow_changes);
  check_same_windows(recipe, run, session.train->statistics().windows, allow_changes);
  return plan_report(recipe, session) +
         fmt::format("Resume: goes on behind step {}, from {}\n", point.state.step, point.checkpoint.string());
}

TaskOutcome train_task(const Recipe& recipe, const TaskOptions& options) {
  if (options.dry_run)
    return {options.resume ? resumed_plan(recipe, options.allow_changes)
                           : plan_report(recipe, open_session(recipe, SessionUse::train))};
  const TrainResult result =
      train(recipe, {.resume = options.resume, .allow_changes = options.allow_changes, .profile = options.profile});
  return {training_report(recipe, result), result.signal ? 128 + result.signal : 0};
}

TaskOutcome evaluate_task(const Recipe& recipe, const TaskOptions& options) {
  refuse_training_options(recipe, options);
  if (options.dry_run) return {evaluation_plan(recipe)};
  return {evaluation_report(recipe, {})};
}

}  // namespace

const std::vector<Task>& tasks() {
  static const std::vector<Task> all{
      {"train", "train a model", check_train, train_task},
      {"evaluate", "measure the model of model.from on held-out text", check_evaluate, evaluate_task},
      {"distill", "make a static embedding of the model of distill.from", check_distill, distill_task},
      {"extract", "make a static embedding of the token tables of extract.from", check_extract, extract_task},
      {"train-embedding", "train a static embedding on pairs of texts", check_train_embedding, train_embedding_task}};
  return all;
}

void refuse_training_options(const Recipe& recipe, const TaskOptions& options) {
  const auto refuse = [&](bool given, const char* option, const char* why) {
    if (given)
      fail({recipe.path().string(), fmt::format("{} with task = \"{}\"", option, recipe.string("task")),
            "a recipe that trains", fmt::format("{}: leave {} out", why, option)});
  };
  refuse(options.resume, "--resume", "This task starts anew each time");
  refuse(!options.allow_changes.empty(), "--allow-changes", "Only a training is resumed");
  refuse(options.profile > 0, "--profile", "Steps of training are profiled");
}

static const Task& task_of(const Recipe& recipe) { return find_choice(tasks(), recipe.string("task"), "task"); }

void check_task(const Recipe& recipe) { task_of(recipe).check(recipe); }

TaskOutcome run_task(const Recipe& recipe, const TaskOptions& options) { return task_of(recipe).run(recipe, options); }

}  // namespace welt
