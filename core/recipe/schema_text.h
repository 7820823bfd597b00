// The schema of recipes as text: the tables of docs/recipes.md. Used by `welt validate --keys`.
#pragma once

#include <string>

#include "core/recipe/schema.h"

namespace welt {

// Markdown: a heading and a table for every TOML table of a recipe; key, type, default, what is allowed, help, and
// whether a run may be resumed with another value.
std::string recipe_keys_markdown(const RecipeSchema& schema);

}  // namespace welt
