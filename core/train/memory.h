// Will a training run fit in this machine's memory? Asked before any is taken.
#pragma once

#include <cstdint>

#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

struct MemoryNeed {
  std::int64_t weights = 0, gradients = 0, moments = 0;  // bytes, exact
  // Bytes of what a step keeps for its backward pass, at least: the inputs and outputs of all products, for the rows of
  // a batch, words of 4 bytes (6 positions), half of them distinct. A plugin may keep more, or with activation
  // checkpointing less.
  std::int64_t activations = 0;
  std::int64_t total() const { return weights + gradients + moments + activations; }
};

// `outline`: WeltModel::outline() of the recipe's model, which has no weights.
MemoryNeed memory_need(const Recipe& recipe, const WeltModel& outline);

// Throws Error (resource_exhausted) with the parts and the keys that would help when the need is more than the machine
// has free (of its memory, or of what its control group may use).
void check_memory(const Recipe& recipe, const WeltModel& outline);

}  // namespace welt
