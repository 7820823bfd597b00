// welt checkpoint init: the model of a recipe as a run of it would begin with, as a checkpoint.
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/welt/recipe_options.h"
#include "apps/welt/seed_option.h"
#include "apps/welt/verb.h"
#include "core/base/error.h"
#include "core/base/new_folder.h"
#include "core/base/resources.h"
#include "core/base/shell.h"
#include "core/checkpoint/model_files.h"
#include "core/tensor/tensor_io.h"
#include "core/train/session.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  RecipeOptions recipe;
  std::string out, dtype;
  std::uint64_t seed = 0;
};

// What the options say in place of the recipe is said as its keys are: a run with the same ones begins alike.
Recipe recipe_of(RecipeOptions options, const std::string& dtype, const std::string& seed) {
  if (!dtype.empty()) options.overrides.push_back(dtype == "bfloat16" ? "precision=bf16" : "precision=fp32");
  if (!seed.empty()) options.overrides.push_back("seed=" + seed);
  Recipe recipe = options.load();
  if (const std::string task = recipe.string("task"); task != "train")
    fail({.where = recipe.where("task") + ": task",
          .found = fmt::format("\"{}\", which makes no model of [model]", task),
          .expected = "\"train\"",
          .mend = "Name the recipe that the model is trained with"});
  return recipe;
}

void init(const InitOptions& options, bool seed_given) {
  const Recipe recipe =
      recipe_of(options.recipe, options.dtype, seed_given ? std::to_string(options.seed) : std::string());
  std::int64_t parameters = 0;
  std::string_view dtype;
  // What is there already is refused before a model is made.
  write_new_folder(options.out, [&](const fs::path& folder) {
    const WeltModel model = open_starting_model(recipe);
    parameters = model.parameter_count(), dtype = float_dtype_name(model.dtype());
    save_model(model, folder, recipe.integer("train.words"));
  });
  const auto bytes = static_cast<double>(fs::file_size(fs::path(options.out) / "model.safetensors"));
  fmt::print("{}: {} parameters in {}, {:.1f} MB; peak memory {:.1f} MB\nTry: welt generate {} --prompt 'a text'\n",
             options.out, parameters, dtype, bytes / 1e6, static_cast<double>(peak_memory()) / 1e6,
             shell_word(options.out));
}

}  // namespace

void add_checkpoint_init(CLI::App& checkpoint) {
  auto options = std::make_shared<InitOptions>();
  CLI::App* verb = checkpoint.add_subcommand(
      "init", "A recipe's model with the weights that training would begin with, without text and without a step");
  options->recipe.add_to(*verb);
  verb->add_option("out", options->out, "New folder")->required()->type_name("OUT");
  verb->add_option("--dtype", options->dtype, "Type of the weights; default: as the recipe's precision has them")
      ->check(CLI::IsMember({"float32", "bfloat16"}))
      ->type_name("TYPE")
      ->group("Recipe");
  CLI::Option* seed = add_seed(*verb, options->seed, "Of the initial weights")
                          ->default_str("the recipe's")
                          ->type_name("N")
                          ->group("Recipe");
  verb->footer(
      R"(For benchmarks, for trying how large a model this machine holds, and as model.from of a run. Parts that the recipe
takes from elsewhere (from) have those weights, all others what their plugins' initialisers give: those of a run of the
same recipe and seed before its first step. No text is read. Memory is that of the weights, in bfloat16 with the
largest part as float32 beside them; there is no optimizer. The folder appears when it is whole.

Examples:
  welt checkpoint init recipes/presets/small.toml untrained --seed 7
  welt checkpoint init recipes/presets/medium.toml medium-bf16 --dtype bfloat16
  welt bench generate untrained --weights int8)");
  verb->callback([options, seed] { init(*options, seed->count() > 0); });
}

}  // namespace welt
