// See best.h.
#include "core/train/best.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/metrics/text_metrics.h"
#include "core/model/byte_lm.h"
#include "core/recipe/choices.h"
#include "core/train/recipe_text.h"

namespace welt {

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> all = [] {
    std::vector<Metric> list{{"loss", false},          {"perplexity", false},
                             {"bits_per_byte", false}, {"bits_per_character", false},
                             {"byte_accuracy", true},  {"word_accuracy", true}};
    for (const TextMetric& metric : text_metrics()) list.push_back({metric.name, metric.larger_is_better});
    return list;
  }();
  return all;
}

void add_best_keys(std::vector<RecipeKey>& keys) {
  std::vector<std::string> names{""};
  for (const std::string& name : names_of(metrics())) names.push_back(name);
  keys.push_back(incidental(choice_key("train.best_metric", "",
                                       "Keeps the checkpoint that is best by this figure of an evaluation, in "
                                       "best/step-...; empty: none",
                                       names)));
  keys.push_back(
      incidental({"train.patience", "integer", 0,
                  "Ends the run after so many evaluations that were not better; 0: never", 0, recipe_no_limit}));
  keys.push_back(incidental(
      {"train.min_improvement", "number", 0.0, "By how much an evaluation must be better to count", 0, 1e9}));
}

BestOptions best_options(const Recipe& recipe) {
  BestOptions options{.metric = recipe.string("train.best_metric"),
                      .patience = recipe.integer("train.patience"),
                      .min_improvement = recipe.number("train.min_improvement")};
  const auto need = [&](const char* key, bool there, const char* found, const char* mend) {
    if (!there) fail({recipe.where(key) + ": " + key, found, {}, mend});
  };
  if (options.patience > 0)
    need("train.patience", !options.metric.empty(), "there is no figure to wait for", "Set train.best_metric");
  if (options.metric.empty()) return options;
  need("train.best_metric", options.metric != "word_accuracy" || !is_byte_lm(recipe), "a byte_lm has no words",
       "Take another figure: bits_per_byte, byte_accuracy");
  need("train.best_metric", recipe.integer("train.eval_every") > 0, "there is no evaluation while training",
       "Set train.eval_every");
  need("train.best_metric", names_held_out_text(recipe), "there is no held-out text",
       "Set data.validation.fraction or data.validation.files");
  const auto is_it = [&](const TextMetric& metric) { return metric.name == options.metric; };
  if (std::ranges::any_of(text_metrics(), is_it)) {
    const std::vector<std::string> measured = recipe.strings("evaluate.metrics");
    need("train.best_metric", std::ranges::count(measured, options.metric) > 0,
         fmt::format("\"{}\" is not measured", options.metric).c_str(),
         fmt::format("evaluate.metrics = [\"{}\"]", options.metric).c_str());
  }
  return options;
}

bool Best::take(const BestOptions& options, const nlohmann::json& evaluation, std::int64_t at_step) {
  const Metric& judge = find_choice(metrics(), options.metric, "train.best_metric");
  const double now = evaluation.at(options.metric);
  if (!std::isfinite(now)) {  // nothing could be compared with it
    ++waiting;
    return false;
  }
  const double gain = !value ? options.min_improvement + 1 : judge.larger_is_better ? now - *value : *value - now;
  if (gain <= options.min_improvement) {
    ++waiting;
    return false;
  }
  metric = options.metric;
  value = now;
  step = at_step;
  waiting = 0;
  return true;
}

bool Best::begin_anew_for(const BestOptions& options) {
  const bool another = !options.metric.empty() && !metric.empty() && options.metric != metric;
  if (another) *this = {};
  return another;
}

}  // namespace welt
