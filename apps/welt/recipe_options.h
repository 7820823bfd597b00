// The options that every verb with a recipe has: the file and --set.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "apps/welt/repeatable.h"
#include "core/recipe/find.h"
#include "core/train/recipe_keys.h"

namespace welt {

struct RecipeOptions {
  std::string path;
  std::vector<std::string> overrides;

  void add_to(CLI::App& verb) {
    verb.add_option("recipe", path, "Recipe file (TOML), or one that came with the program")
        ->required()
        ->type_name("FILE");
    repeatable(
        verb.add_option("--set", overrides, "Override a key: --set train.steps=500 (a TOML value; may be repeated)")
            ->type_name("KEY=VALUE")
            ->group("Recipe"));
  }
  Recipe load() const { return load_recipe(find_recipe(path), overrides); }
};

}  // namespace welt
