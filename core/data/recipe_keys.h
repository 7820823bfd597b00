// The keys of a recipe that say where its text comes from and how rows are made of it: [data] and what is below it.
#pragma once

#include <vector>

#include "core/recipe/schema.h"

namespace welt {

void add_data_keys(std::vector<RecipeKey>& keys);

}  // namespace welt
