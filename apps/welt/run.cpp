// welt run RECIPE: does what a recipe says.
#include <fmt/core.h>

#include "apps/welt/recipe_options.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/train/tasks.h"

namespace welt {
namespace {

struct RunOptions {
  RecipeOptions recipe;
  TaskOptions task;
  bool print_recipe = false;
};

int run(const RunOptions& options) {
  const Recipe recipe = options.recipe.load();
  if (options.print_recipe) {
    fmt::print("{}", recipe.to_toml());
    return 0;
  }
  const TaskOutcome outcome = run_task(recipe, options.task);
  fmt::print("{}", outcome.report);
  return outcome.status;
}

}  // namespace

void add_run(CLI::App& app) {
  CLI::App* verb = app.add_subcommand(
      "run", "Do what a recipe says: train a model, evaluate one, or make a static embedding of one");
  auto options = std::make_shared<RunOptions>();
  options->recipe.add_to(*verb);
  verb->add_flag("--dry-run", options->task.dry_run,
                 "Build the model and read the text, print the plan, change nothing")
      ->group("Looking only");
  verb->add_flag("--print-recipe", options->print_recipe, "Print the merged recipe with all defaults, and leave")
      ->group("Looking only");
  verb->add_flag("--resume", options->task.resume, "Continue the newest run of this name from its last checkpoint")
      ->group("Running");
  verb->add_option("--allow-changes", options->task.allow_changes,
                   "With --resume: go on although these keys are not what they were (train.learning_rate, "
                   "data.train.files, plugins.words; \"plugins\" stands for all of them)")
      ->type_name("KEY")
      ->expected(1, every_argument)
      ->needs("--resume")
      ->group("Running");
  verb->add_option("--profile", options->task.profile,
                   "Write the operators of N steps (after two others) as a Chrome trace, and the costliest as a table, "
                   "into profile/ of the run folder")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->group("Running");
  verb->footer(
      "Examples:\n"
      "  welt run recipes/quickstart.toml\n"
      "  welt run recipes/quickstart.toml --set train.steps=2000 --set name=longer\n"
      "  welt run recipes/quickstart.toml --resume\n"
      "  welt run mine.toml --profile 5\n"
      "  welt run mine.toml --resume --allow-changes train.learning_rate data.train.files\n"
      "  welt run recipes/quickstart.toml --print-recipe > mine.toml\n"
      "  welt run recipes/distill.toml --set distill.from=MODEL\n"
      "  welt run recipes/train-embedding.toml --set embedding.from=MODEL\n\n"
      "Ctrl-C (or SIGTERM, or a lost terminal) saves a checkpoint and leaves with status 130 (143, 129).");
  verb->callback([options] {
    if (const int status = run(*options)) throw CLI::RuntimeError(status);
  });
}

}  // namespace welt
