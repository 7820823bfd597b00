// Where a recipe's text lies: in the files of data.train and data.validation, in the shards of data.prepared, or in a
// mixture of such (recipe_sources.h).
// Whoever asks which text a recipe names asks here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/data/source.h"
#include "core/recipe/recipe.h"

namespace welt {

struct RecipeText {
  std::string key;                           // that names it: "data.train.files", "data.prepared", "data.sources"
  std::vector<std::filesystem::path> files;  // none: the recipe names no such text
  bool is_prepared = false;                  // JSON lines with the member "text", whatever the table's format is
};

// Throw Error for files that are not there, a folder of shards that is not whole, and where both data.prepared and
// data.train.files are given.
RecipeText training_text(const Recipe& recipe);
// data.validation.files, else the validation shards of data.prepared. Where there are none of either,
// data.validation.fraction is taken of the training text.
RecipeText held_out_text(const Recipe& recipe);

// How the text of `table` (data.train, data.validation) is read.
SourceOptions source_options(const Recipe& recipe, const std::string& table, const RecipeText& text);
// data.template as one text: that of a prefix, then that of its completion. Throws Error for more than two.
std::string text_template(const Recipe& recipe);

// Share of the training text that is held out: 0 where the recipe names held-out text of its own.
double held_out_share(const Recipe& recipe);
bool names_training_text(const Recipe& recipe);
bool names_held_out_text(const Recipe& recipe);

}  // namespace welt
