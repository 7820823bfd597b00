// welt optimizer: optimizers on given gradients, and which parameters of a recipe's model each rule updates.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "apps/welt/recipe_options.h"
#include "apps/welt/verb.h"
#include "core/base/json.h"
#include "core/checkpoint/run_folder.h"
#include "core/model/welt_model.h"
#include "core/parity/optimizer_trace.h"
#include "core/tensor/tensor_io.h"
#include "core/train/optimizers.h"

namespace welt {
namespace {

void add_trace(CLI::App& optimizer) {
  struct Options {
    OptimizerTrace trace;
    std::string dtype = "float64";
  };
  auto options = std::make_shared<Options>();
  OptimizerTrace& trace = options->trace;
  CLI::App* verb = optimizer.add_subcommand("trace", "Steps of an optimizer on gradients out of a file");
  const auto file = [&](const char* name, std::filesystem::path& path, const char* help) {
    verb->add_option(name, path, help)->required()->type_name("FILE")->group("Files");
  };
  file("--runs", trace.runs, "Runs, a JSON file: optimizer, settings, rates, groups");
  file("--tensors", trace.tensors, "start/<tensor>, gradient/<tensor> and q/<run>/<tensor>, a .safetensors file");
  verb->add_option("--run", trace.run, "Name of the run")->required()->type_name("NAME");
  file("--out", trace.out, "<step>/<tensor> of the steps that the runs keep; replaced as a whole or not at all");
  verb->add_option("--dtype", options->dtype, "Type of weights and arithmetic")
      ->check(CLI::IsMember({"float32", "float64"}))
      ->capture_default_str();
  verb->footer(
      "Examples:\n"
      "  welt optimizer trace --runs runs.json --tensors tensors.safetensors --run lion --out after.safetensors");
  verb->callback([options] {
    options->trace.dtype = parse_float_dtype(options->dtype, "--dtype");
    const std::int64_t steps = trace_optimizer(options->trace);
    fmt::print("{} steps of {}, written to {}\n", steps, options->trace.run, options->trace.out.string());
  });
}

nlohmann::json groups_json(const Recipe& recipe) {
  const std::string from = recipe.string("model.from");
  const WeltModel model = WeltModel::outline(from.empty() ? WeltSpec::from_recipe(recipe)
                                                          : WeltSpec::from_checkpoint(find_checkpoint(from)));
  nlohmann::json lines = nlohmann::json::array();
  const std::vector<ModelParameter>& all = model.parameters();
  const std::unique_ptr<Optimizer> optimizer = optimizer_of(recipe)(all);
  for (const Optimizer::Group& group : optimizer->groups())
    for (const OptimizerSlot& slot : group.slots) {
      const auto at = std::ranges::find(all, slot.name, &ModelParameter::name);
      lines.push_back({{"parameter", slot.name},
                       {"rule", group.rule->name()},
                       {"kind", kind_name(kind_of(*at))},
                       {"rate", slot.rate},
                       {"weight_decay", slot.weight_decay},
                       {"learns_while_frozen", learns_while_frozen(*at, all)}});
    }
  return lines;
}

void add_groups(CLI::App& optimizer) {
  auto options = std::make_shared<RecipeOptions>();
  CLI::App* verb = optimizer.add_subcommand("groups", "Rule, rate and decay of each parameter, a line of JSON each");
  options->add_to(*verb);
  verb->footer("Examples:\n  welt optimizer groups recipes/quickstart.toml --set train.optimizer=dion2");
  verb->callback([options] {
    for (const nlohmann::json& line : groups_json(options->load())) fmt::print("{}\n", json_text(line));
  });
}

}  // namespace

void add_optimizer(CLI::App& app) {
  CLI::App* optimizer = app.add_subcommand("optimizer", "Look into optimizers: on given gradients, and their groups");
  optimizer->require_subcommand(1);
  optimizer->footer(
      "Examples:\n  welt optimizer groups recipes/quickstart.toml --set train.optimizer=dion2\n"
      "  welt optimizer trace --runs runs.json --tensors tensors.safetensors --run lion --out after.safetensors");
  add_trace(*optimizer);
  add_groups(*optimizer);
}

}  // namespace welt
