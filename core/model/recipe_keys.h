// The keys of a recipe that say what the model is: [model] and what is below it. WeltSpec::from_recipe() reads them.
#pragma once

#include <vector>

#include "core/recipe/schema.h"

namespace welt {

void add_model_keys(std::vector<RecipeKey>& keys);

}  // namespace welt
