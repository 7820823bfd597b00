// [[data.sources]]: the texts of a mixture, each with its files, how they are read, and how much of them an epoch has.
#pragma once

#include <vector>

#include "core/data/dataset.h"
#include "core/recipe/recipe.h"

namespace welt {

bool has_sources(const Recipe& recipe);

// None: the recipe has no mixture. What a table does not say is as data.train and [data] say it. Throws Error naming
// the table, its line and key: unknown keys (with the nearest), values of another type, files that are not there, no
// text or two kinds of it, weights for some sources only or beside repeat or data.temperature.
std::vector<DatasetSource> recipe_sources(const Recipe& recipe);

}  // namespace welt
