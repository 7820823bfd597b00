// The best evaluation so far by one metric, and when training has not got better for too long.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

struct Metric {
  std::string_view name;  // as in an evaluation's line of log.jsonl
  bool larger_is_better;
};
const std::vector<Metric>& metrics();

struct BestOptions {
  std::string metric;          // "": none is kept
  std::int64_t patience = 0;   // evaluations without improvement that end the run; 0: any number
  double min_improvement = 0;  // what counts as one
};
void add_best_keys(std::vector<RecipeKey>& keys);
BestOptions best_options(const Recipe& recipe);

// Part of a run's state: what a resumed run goes on with.
struct Best {
  std::string metric;  // whose value it is; "": not known, of a state that an older version wrote
  std::optional<double> value;
  std::int64_t step = 0;
  std::int64_t waiting = 0;  // evaluations since

  // Is this evaluation the best? Takes it, if so.
  bool take(const BestOptions& options, const nlohmann::json& evaluation, std::int64_t at_step);
  // Figures of two metrics cannot be compared: where another one is asked for now, all is as at the start. Was it?
  bool begin_anew_for(const BestOptions& options);
  bool enough(const BestOptions& options) const { return options.patience > 0 && waiting >= options.patience; }
};

}  // namespace welt
