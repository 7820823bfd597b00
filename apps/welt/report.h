// What the verbs with a recipe print on standard output: plan, evaluation, summary of a training run.
#pragma once

#include <filesystem>
#include <optional>

#include "core/recipe/recipe.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace welt {

void print_plan(const Recipe& recipe, const Session& session);
void print_summary(const Recipe& recipe, const TrainResult& result);

// Evaluates `checkpoint`, with `changes` (or the recipe's model.from), on the recipe's held-out text and prints the
// figures and which encoders were on.
void print_evaluation(const Recipe& recipe, const std::optional<std::filesystem::path>& checkpoint,
                      const SpecChanges& changes = {}, bool json = false);

}  // namespace welt
