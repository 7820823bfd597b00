// What a model learns by: from the logits of bytes to a loss (evaluation measures nats whatever it is). A new one is a
// function and a row in the table of objective.cpp, its keys next to it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

struct Objective {
  std::string_view name;
  std::string_view help;  // a few words
  // logits [n,256], targets [n] int64 in 0 … 255 → [], summed over the targets, with graph.
  at::Tensor (*loss)(const at::Tensor& logits, const at::Tensor& targets);
};

const std::vector<Objective>& objectives();
void add_objective_keys(std::vector<RecipeKey>& keys);
const Objective& objective_of(const Recipe& recipe);

}  // namespace welt
