// welt bench train RECIPE: how fast training steps are here, and where their time goes.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apps/welt/recipe_options.h"
#include "apps/welt/verb.h"
#include "core/base/progress.h"
#include "core/train/bench_train.h"

namespace welt {
namespace {

struct BenchOptions {
  RecipeOptions recipe;
  std::int64_t steps = 10, warmup = 2;
  bool json = false;
};

void bench_train_verb(const BenchOptions& options) {
  const nlohmann::json result = bench_train(options.recipe.load(), options.steps, options.warmup);
  if (options.json) {
    fmt::print("{}\n", result.dump());
    return;
  }
  fmt::print("{} steps of {:.0f} words (medians, after {} warm-up steps), {}, {} threads\n", options.steps,
             result["words_per_step"].get<double>(), options.warmup, result["precision"].get<std::string>(),
             result["threads"].get<int>());
  fmt::print("  words/s          {:>12.0f}\n  real bytes/s     {:>12.0f}\n  ms per step      {:>12.1f}\n",
             result["words_per_second"].get<double>(), result["bytes_per_second"].get<double>(),
             result["milliseconds"]["step"].get<double>());
  for (const auto& [part, value] : result["milliseconds"].items())
    if (part != "step") fmt::print("    {:<14} {:>12.1f}\n", part, value.get<double>());
  fmt::print("  padding share    {:>11.1f} % of word slots, {:.1f} % of encoder and {:.1f} % of decoder byte slots\n",
             100.0 * result["padding_share"]["words"].get<double>(),
             100.0 * result["padding_share"]["encoder"].get<double>(),
             100.0 * result["padding_share"]["decoder"].get<double>());
  fmt::print("  byte positions   {:>11.1f} % of a padded batch's in the encoder, {:.1f} % in the decoder\n",
             100.0 * result["computed_share_of_padded_batch"]["encoder"].get<double>(),
             100.0 * result["computed_share_of_padded_batch"]["decoder"].get<double>());
  fmt::print("  peak memory      {:>11.0f} MB\n", result["peak_memory_bytes"].get<double>() / 1e6);
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* group = app.add_subcommand("bench", "Measure speed on this machine");
  group->require_subcommand(1);
  group->footer("Examples:\n  welt bench train recipes/quickstart.toml");
  CLI::App* verb = group->add_subcommand("train", "Time training steps of a recipe; nothing is saved");
  auto options = std::make_shared<BenchOptions>();
  options->recipe.add_to(*verb);
  const auto count = [&](const char* name, std::int64_t& value, int least, int most, const char* help) {
    verb->add_option(name, value, help)
        ->capture_default_str()
        ->check(CLI::Range(least, most).description(fmt::format("{}..{}", least, most)))
        ->type_name("N")
        ->group("Measurement");
  };
  count("--steps", options->steps, 1, 100000, "Measured steps");
  count("--warmup", options->warmup, 0, 1000, "Steps before measuring");
  verb->add_flag("--json", options->json, "Print one JSON object")->group("Output");
  verb->footer(
      "Examples:\n  welt bench train recipes/quickstart.toml\n"
      "  welt bench train recipes/quickstart.toml --steps 20 --set precision=amp --json");
  verb->callback([options] { bench_train_verb(*options); });
}

}  // namespace welt
