// What a recipe's table [generate] and the options of `welt generate` say: one list for both, so that they have the
// same names, ranges and help.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/recipe/recipe.h"

namespace welt {

struct GenerateSetting {
  RecipeKey key;      // "generate.top_p"
  const char* group;  // of the command line's help
  void (*set)(GenerateOptions& options, const nlohmann::json& value);
};

const std::vector<GenerateSetting>& generate_settings();
void add_generate_keys(std::vector<RecipeKey>& keys);
// As the recipe says; not checked.
GenerateOptions generate_options(const Recipe& recipe);

// --name of the command line: "--top-p" of "generate.top_p".
std::string option_name(const GenerateSetting& setting);

}  // namespace welt
