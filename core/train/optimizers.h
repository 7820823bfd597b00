// Optimizers by name, as a recipe says them: which rule each kind of parameter gets, at which rate, with which decay.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"
#include "core/train/optimizer.h"
#include "core/train/parameter_kinds.h"

namespace welt {

using OptimizerFactory = std::function<std::unique_ptr<Optimizer>(const std::vector<ModelParameter>&)>;

struct OptimizerKind {
  std::string_view name;
  std::string_view help;  // a few words
  // The rule for the matrices of hidden layers; null: `rest` updates them, too.
  std::shared_ptr<const UpdateRule> (*matrices)(const Recipe& recipe);
  std::shared_ptr<const UpdateRule> (*rest)(const Recipe& recipe);
};

const std::vector<OptimizerKind>& optimizers();
void add_optimizer_keys(std::vector<RecipeKey>& keys);
// Those of tables of their own, [train.latent]: they come behind all others of [train].
void add_part_keys(std::vector<RecipeKey>& keys);

// Groups as the Python WeLT's trainer makes them: a head of its own learns at 1/√(its width) of the rate and does not
// decay where matrices have a rule of their own. Throws Error for rates of parts that are no share of the whole one.
OptimizerFactory optimizer_of(const Recipe& recipe);
// Parts that do not learn (train.<part>.frozen).
std::vector<std::string> frozen_parts(const Recipe& recipe);

}  // namespace welt
