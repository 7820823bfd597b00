// See objective.h.
#include "core/model/objective.h"

#include "core/kernels/cross_entropy.h"
#include "core/recipe/choices.h"

namespace welt {

const std::vector<Objective>& objectives() {
  static const std::vector<Objective> all{
      {"cross_entropy", "the nats of each byte and of each word's end", byte_cross_entropy}};
  return all;
}

void add_objective_keys(std::vector<RecipeKey>& keys) {
  keys.push_back(table_key("train.objective", "cross_entropy", "What the model learns by", objectives()));
}

const Objective& objective_of(const Recipe& recipe) {
  return find_choice(objectives(), recipe.string("train.objective"), "train.objective");
}

}  // namespace welt
