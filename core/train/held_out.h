// What an evaluation looks at beside the whole of the held-out text: rows whose completions the model writes itself,
// and the groups of a table. Keys: [evaluate].
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/data/held_out_rows.h"
#include "core/metrics/text_metrics.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

struct HeldOut {
  std::vector<HeldOutRow> rows;                                    // whose completions are written
  std::vector<std::pair<std::string, std::vector<Batch>>> groups;  // by name
};

void add_evaluate_keys(std::vector<RecipeKey>& keys);

// evaluate.metrics: throws Error with the nearest name for one that there is not.
std::vector<const TextMetric*> text_metrics_of(const Recipe& recipe);

// What can be told without weights: throws Error for metrics without completions, fields that rows do not have, a model
// that writes no text.
void check_held_out(const Recipe& recipe, WeltModel& outline);

// Prompts that cannot be continued are refused here, before anything is trained; of those that need more
// positions (words, of a byte_lm bytes) than the model has it is said how many are left out. `options`: of the held-out
// text.
HeldOut open_held_out(const Recipe& recipe, const DatasetOptions& options, const WeltModel& model,
                      const TextFrontEnd& text);

}  // namespace welt
