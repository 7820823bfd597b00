// task = "train-embedding": a static embedding that learns from pairs of texts, as WordLlama's tables are made.
//
// The rows of a codebook (a model's token table, what task = "extract" or "distill" leaves, a file of WordLlama) get a
// weight each and a projection to fewer columns, which learn to rank the second text of a pair first among those of the
// batch, at several numbers of columns at once. Weights and projection are folded into the table that is left.
#pragma once

#include <vector>

#include "core/recipe/schema.h"
#include "core/train/tasks.h"

namespace welt {

void add_train_embedding_keys(std::vector<RecipeKey>& keys);

// Task::check and Task::run.
void check_train_embedding(const Recipe& recipe);
TaskOutcome train_embedding_task(const Recipe& recipe, const TaskOptions& options);

}  // namespace welt
