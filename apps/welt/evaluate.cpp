// welt evaluate RUN: loss and accuracy of a trained model on held-out text.
#include <fmt/core.h>

#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "apps/welt/weights_option.h"
#include "core/base/error.h"
#include "core/checkpoint/run_folder.h"
#include "core/train/recipe_keys.h"
#include "core/train/report.h"

namespace welt {
namespace {

struct EvaluateOptions {
  std::string run;
  std::vector<std::string> overrides;
  std::string weights;
  bool json = false;
};

void evaluate_run(const EvaluateOptions& options) {
  const std::filesystem::path checkpoint = find_checkpoint(options.run), file = run_recipe(checkpoint);
  if (file.empty())
    fail({options.run, "no recipe.toml beside the checkpoint", "a run folder, runs/<name>",
          "Use task = \"evaluate\" and model.from = \"…\" in a recipe for a checkpoint on its own"},
         ErrorCode::not_found);
  std::vector<std::string> overrides = options.overrides;
  if (!options.weights.empty())
    overrides.push_back("generate.weights=" + options.weights);  // texts that it writes, too
  const Recipe trained = load_recipe(file), recipe = load_recipe(file, overrides);
  refuse_other_changes(trained, recipe);
  fmt::print("{}", evaluation_report(recipe, checkpoint, encoder_changes(&trained, recipe), options.json));
  tell_unused_weights(options.weights);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  CLI::App* verb = app.add_subcommand(
      "evaluate", "Loss, bits per byte and accuracy of a run on its held-out text; scores of what it writes");
  auto options = std::make_shared<EvaluateOptions>();
  verb->add_option("run", options->run, "Run folder (its newest checkpoint), or a checkpoint in it")
      ->required()
      ->type_name("DIR");
  repeatable(verb->add_option("--set", options->overrides, "Override a key of the run's recipe")
                 ->type_name("KEY=VALUE")
                 ->group("Recipe"));
  add_weights(*verb, options->weights)->default_str("fp32; of texts that it writes generate.weights of the recipe");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Says which encoders were on. One may be switched off, or taken from elsewhere if it is as wide.\n\n"
      "Examples:\n  welt evaluate runs/quickstart\n"
      "  welt evaluate runs/quickstart --set model.image_encoder.enabled=false\n"
      "  welt evaluate runs/quickstart --weights int8\n"
      "  welt evaluate runs/translate --set 'evaluate.metrics=[\"sacrebleu\",\"chrf\"]' --set "
      "evaluate.group_by=language\n"
      "  welt evaluate runs/quickstart --set model.bytes_encoder.from=runs/other/checkpoints/step-00000300\n"
      "  welt evaluate runs/quickstart --set 'data.validation.files=[\"other.txt\"]' --json");
  verb->callback([options] { evaluate_run(*options); });
}

}  // namespace welt
