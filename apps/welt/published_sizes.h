// Parameter counts that a recipe's parts are published with (table `published`), where they are still those parts. Used
// by `welt model info`, which shows them beside its own counts.
#pragma once

#include <map>
#include <string>

#include "core/recipe/recipe.h"

namespace welt {

// Millions, by the part's name in a checkpoint ("latent_transformer"), and for the whole model by "all". A part that is
// described, or changed, elsewhere than in the file that gives its figure has none, and the model has none then either.
std::map<std::string, double> published_sizes(const Recipe& recipe);

}  // namespace welt
