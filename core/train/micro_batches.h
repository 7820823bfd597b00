// In how many pieces a batch is computed, so that training fits in memory: train.auto_micro_batch.
#pragma once

#include <cstdint>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"

namespace welt {

// Pieces of equally many rows, `least` or more: one, unless the recipe lets memory decide, which is then told in one
// line. `spec`: of the model that the recipe trains. Throws Error (resource_exhausted) where no number of them will do.
std::int64_t micro_batches(const Recipe& recipe, const WeltSpec& spec, std::int64_t least = 1);

}  // namespace welt
