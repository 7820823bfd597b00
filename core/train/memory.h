// Will a training run fit in this machine's memory? Asked before any is taken.
#pragma once

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"

namespace welt {

// `spec`: of the model that the recipe trains, wherever its weights are from. Throws Error (resource_exhausted) with
// the parts and the keys that would help when the need is more than the machine has free (of its memory, or of what its
// control group may use).
void check_memory(const Recipe& recipe, WeltSpec spec);

}  // namespace welt
