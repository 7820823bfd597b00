// What a run has to say, as text for people: plan, evaluation, summary of a training run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/recipe/recipe.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace welt {

std::string plan_report(const Recipe& recipe, const Session& session);
std::string training_report(const Recipe& recipe, const TrainResult& result);

// What an evaluation needs and the recipe lacks: throws Error.
void check_evaluation(const Recipe& recipe, bool needs_model = true);
std::string evaluation_plan(const Recipe& recipe);

// Evaluates `checkpoint`, with `changes` (or the recipe's model.from), on the recipe's held-out text: the figures and
// which encoders were on, as text or as one JSON object.
std::string evaluation_report(const Recipe& recipe, const std::optional<std::filesystem::path>& checkpoint,
                              const SpecChanges& changes = {}, bool json = false);

}  // namespace welt
