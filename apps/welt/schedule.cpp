// welt schedule: the learning rates of a recipe, or of the Python reference's options.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "apps/welt/jsonl.h"
#include "apps/welt/repeatable.h"
#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/base/table.h"
#include "core/parity/reference_schedule.h"
#include "core/recipe/find.h"
#include "core/train/recipe_keys.h"
#include "core/train/schedule.h"

namespace welt {
namespace {

constexpr std::int64_t plot_width = 72, plot_height = 12, table_rows = 21;

struct Options {
  std::string recipe;
  std::vector<std::string> overrides;
  bool as_json = false, as_jsonl = false;
};

// Step of column or row i of n, the first and the last among them.
std::int64_t step_at(std::int64_t i, std::int64_t n, std::int64_t steps) {
  return 1 + (n < 2 ? 0 : (steps - 1) * i / (n - 1));
}

std::string plot(const ScheduleOptions& schedule) {
  const std::int64_t width = std::min(plot_width, schedule.steps);
  std::vector<std::string> lines(static_cast<std::size_t>(plot_height),
                                 std::string(static_cast<std::size_t>(width), ' '));
  for (std::int64_t column = 0; column < width; ++column) {
    const double share = learning_rate(schedule, step_at(column, width, schedule.steps)) / schedule.peak;
    const auto height = std::clamp<std::int64_t>(
        static_cast<std::int64_t>(share * static_cast<double>(plot_height - 1) + 0.5), 0, plot_height - 1);
    lines[static_cast<std::size_t>(plot_height - 1 - height)][static_cast<std::size_t>(column)] = '*';
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += fmt::format("{:>10} |{}\n",
                        i == 0                  ? fmt::format("{:.3g}", schedule.peak)
                        : i + 1 == lines.size() ? "0"
                                                : "",
                        lines[i]);
  return text + fmt::format("{:>10} 1{:>{}}\n", "step", schedule.steps, std::max<std::int64_t>(width - 1, 1));
}

void print(const ScheduleOptions& schedule) {
  fmt::print("{}: {} steps, {} of warm-up, highest rate {:.6g}\n\n", schedule.name, schedule.steps,
             schedule.warmup_steps, schedule.peak);
  if (schedule.peak > 0 && schedule.steps > 0) fmt::print("{}\n", plot(schedule));
  std::vector<std::vector<std::string>> rows{{"step", "learning rate"}};
  const std::int64_t count = std::min(table_rows, schedule.steps);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t step = step_at(i, count, schedule.steps);
    rows.push_back({std::to_string(step), fmt::format("{:.6g}", learning_rate(schedule, step))});
  }
  fmt::print("{}", format_table(rows));
}

void run(const Options& options) {
  if (options.as_jsonl) return answer_every_line(reference_rates);
  if (options.recipe.empty()) throw CLI::RequiredError("RECIPE, or --jsonl,");
  const ScheduleOptions schedule = schedule_options(load_recipe(find_recipe(options.recipe), options.overrides));
  if (!options.as_json) return print(schedule);
  nlohmann::json rates = nlohmann::json::array();
  for (std::int64_t step = 1; step <= schedule.steps; ++step) rates.push_back(learning_rate(schedule, step));
  fmt::print("{}\n", json_text(nlohmann::json{{"schedule", schedule.name},
                                              {"warmup_steps", schedule.warmup_steps},
                                              {"steps", schedule.steps},
                                              {"learning_rates", rates}}));
}

}  // namespace

void add_schedule(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("schedule", "The learning rate of every step of a recipe, printed and plotted");
  CLI::Option* recipe =
      verb->add_option("recipe", options->recipe, "Recipe file (TOML), or one that came with the program")
          ->type_name("FILE");
  repeatable(verb->add_option("--set", options->overrides, "Override a key; may be repeated")
                 ->type_name("KEY=VALUE")
                 ->group("Recipe"));
  CLI::Option* as_json = verb->add_flag("--json", options->as_json, "All rates, as JSON")->group("Output");
  verb->add_flag(
          "--jsonl", options->as_jsonl,
          "Answer each line {name, lr, steps, warmup_steps, warmup_ratio, kwargs, group_lr} of standard input by "
          "{warmup, lr_of_step}, names and arguments as transformers' get_scheduler has them")
      ->excludes(recipe, as_json, "--set")
      ->group("Output");
  verb->footer(
      "Examples:\n  welt schedule recipes/quickstart.toml\n"
      "  welt schedule mine.toml --set train.schedule=wsd --set train.decay_steps=200\n"
      "  echo '{\"name\": \"linear\", \"lr\": 0.001, \"steps\": 20, \"warmup_steps\": 5}' | welt schedule --jsonl");
  verb->callback([options] { run(*options); });
}

}  // namespace welt
