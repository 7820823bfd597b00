// Where recipes are: where a person or a file says, then among those that came with the program.
#pragma once

#include <filesystem>
#include <vector>

namespace welt {

// The folder with what came with the program, recipes/ and data/ in it: share/welt beside the bin/ of an installation,
// the source tree above a build folder. It follows the program when that is moved. Empty where /proc does not say.
std::filesystem::path shared_folder();

// The files that a recipe's name may mean, the preferred one first: the one in `folder` (empty: as the name is), then
// the one that came with the program. There "presets/nano.toml" and "recipes/presets/nano.toml" are the same. A name
// that is absolute or starts with a dot means one file only.
std::vector<std::filesystem::path> recipe_places(const std::filesystem::path& name,
                                                 const std::filesystem::path& folder);

// The recipe a person means by `name`: that path if there is anything, else the recipe of that name that came with the
// program. Throws Error (not_found) with every path tried.
std::filesystem::path find_recipe(const std::filesystem::path& name);

}  // namespace welt
