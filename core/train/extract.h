// task = "extract": a static embedding out of the token tables of models, which need not be run, nor be known here.
//
// The rows of a table, or of several side by side (models that share a vocabulary), without those of the tokens that
// only frame texts, and a tokenizer whose ids they are: a folder of WordLlama, which `welt text` and the plugin
// `wordllama` read. Follows wordllama's extract, which wants shard and tensor named.
#pragma once

#include <vector>

#include "core/recipe/schema.h"
#include "core/train/tasks.h"

namespace welt {

void add_extract_keys(std::vector<RecipeKey>& keys);

// Task::check and Task::run.
void check_extract(const Recipe& recipe);
TaskOutcome extract_task(const Recipe& recipe, const TaskOptions& options);

}  // namespace welt
