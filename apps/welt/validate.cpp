// welt validate RECIPE: everything that can be wrong with a recipe, without running it.
#include <fmt/core.h>

#include <cstdio>

#include "apps/welt/recipe_options.h"
#include "apps/welt/verb.h"
#include "core/recipe/schema_text.h"
#include "core/train/recipe_keys.h"
#include "core/train/recipe_text.h"
#include "core/train/tasks.h"

namespace welt {
namespace {

void validate(const RecipeOptions& options) {
  const Recipe recipe = options.load();
  check_task(recipe);
  const std::size_t files =
      (names_training_text(recipe) ? training_text(recipe).files.size() : 0) + held_out_text(recipe).files.size();
  fmt::print("{}: ok ({} text files)\n", options.path, files);
}

}  // namespace

void add_validate(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("validate", "Check a recipe: keys, types, plugins, configurations, files");
  auto options = std::make_shared<RecipeOptions>();
  options->add_to(*verb);
  verb->add_flag_callback(
          "--keys",
          [] {
            std::fputs(recipe_keys_markdown(recipe_schema()).c_str(), stdout);
            throw CLI::Success();
          },
          "Print every key a recipe may have, as Markdown, and leave (no recipe needed)")
      ->trigger_on_parse()
      ->group("Looking only");
  verb->footer(
      "Examples:\n  welt validate recipes/quickstart.toml\n"
      "  welt validate mine.toml --set model.latent.plugin=llama\n"
      "  welt validate --keys");
  verb->callback([options] { validate(*options); });
}

}  // namespace welt
