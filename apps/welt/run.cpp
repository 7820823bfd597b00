// welt run RECIPE: does what a recipe says.
#include <fmt/core.h>

#include <cstdio>

#include "apps/welt/recipe_options.h"
#include "apps/welt/report.h"
#include "apps/welt/verb.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace welt {
namespace {

struct RunOptions {
  RecipeOptions recipe;
  bool dry_run = false, print_recipe = false, resume = false;
};

int run(const RunOptions& options) {
  const Recipe recipe = options.recipe.load();
  if (options.print_recipe) {
    fmt::print("{}", recipe.to_toml());
    return 0;
  }
  if (recipe.string("task") == "evaluate") {
    print_evaluation(recipe, {});
    return 0;
  }
  if (options.dry_run) {
    print_plan(recipe, open_session(recipe, SessionUse::train));
    return 0;
  }
  const TrainResult result = train(recipe, options.resume);
  print_summary(recipe, result);
  return result.signal ? 128 + result.signal : 0;
}

}  // namespace

void add_run(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("run", "Do what a recipe says: train a model, or evaluate one");
  auto options = std::make_shared<RunOptions>();
  options->recipe.add_to(*verb);
  verb->add_flag("--dry-run", options->dry_run, "Build the model and read the text, print the plan, change nothing")
      ->group("Looking only");
  verb->add_flag("--print-recipe", options->print_recipe, "Print the merged recipe with all defaults, and leave")
      ->group("Looking only");
  verb->add_flag("--resume", options->resume, "Continue the newest run of this name from its last checkpoint")
      ->group("Running");
  verb->footer(
      "Examples:\n"
      "  welt run recipes/quickstart.toml\n"
      "  welt run recipes/quickstart.toml --set train.steps=2000 --set name=longer\n"
      "  welt run recipes/quickstart.toml --resume\n"
      "  welt run recipes/quickstart.toml --print-recipe > mine.toml\n\n"
      "Ctrl-C (or SIGTERM) saves a checkpoint and leaves with status 130 (143).");
  verb->callback([options] {
    if (const int status = run(*options)) throw CLI::RuntimeError(status);
  });
}

}  // namespace welt
