// Every key of a recipe: those of the model, of the data and of training, in the order of docs/recipes.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/recipe/recipe.h"

namespace welt {

const RecipeSchema& recipe_schema();

// Recipe::load() and Recipe::parse() with that schema.
Recipe load_recipe(const std::filesystem::path& path, const std::vector<std::string>& overrides = {});
Recipe parse_recipe(std::string_view toml, const std::filesystem::path& origin,
                    const std::vector<std::string>& overrides = {});

}  // namespace welt
