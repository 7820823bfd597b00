// The schema of recipes as text: the tables of docs/recipes.md. Used by `welt validate --keys`.
#pragma once

#include <string>

namespace welt {

// Markdown: a heading and a table for every TOML table of a recipe; key, type, default, what is allowed, help.
std::string recipe_keys_markdown();

}  // namespace welt
