// What a training step keeps for its backward pass, estimated from the shapes of a model's matrices, before there is
// memory for any. Not exact: what a plugin keeps is its own affair, and the text is taken to be like English prose.
// Called by memory.h; bench/memory.py compares it with what runs take. [any thread]
#pragma once

#include <cstdint>

#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

// Bytes of a step that computes `rows` rows at once. `outline`: of the recipe's model, without weights.
std::int64_t activation_bytes(const Recipe& recipe, const WeltModel& outline, std::int64_t rows);

}  // namespace welt
