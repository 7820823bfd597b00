// task = "distill": a static embedding out of a model, by passing its tokenizer's vocabulary through it.
//
// Each token goes through the teacher alone, framed as a text is ([CLS] token [SEP]); what comes out is pooled, turned
// to its principal components, weighted by the token's rank, and written as a folder of Model2Vec, which `welt text`
// and the plugin `wordllama` read. Follows model2vec 0.10 (distill).
#pragma once

#include <vector>

#include "core/recipe/schema.h"
#include "core/train/tasks.h"

namespace welt {

void add_distill_keys(std::vector<RecipeKey>& keys);

// Task::check and Task::run.
void check_distill(const Recipe& recipe);
TaskOutcome distill_task(const Recipe& recipe, const TaskOptions& options);

}  // namespace welt
