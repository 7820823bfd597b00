// Will a training run fit in this machine's memory, and if not, in how many pieces will a batch? Asked before any is
// taken.
#pragma once

#include <cstdint>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"

namespace welt {

// Into how many micro-batches of equally many rows each batch is split, from `least` on: what is asked for unless
// train.auto_micro_batch lets memory decide, which is then told in one line. `spec`: of the model that the recipe
// trains, wherever its weights are from. Throws Error (resource_exhausted) with the parts and the keys that would help
// when the need is more than the machine has free (of its memory, or of what its control group or train.memory_gb
// allow).
std::int64_t micro_batches(const Recipe& recipe, WeltSpec spec, std::int64_t least = 1);

}  // namespace welt
