// What a run depends on beside its recipe: its text, the plugins that are its parts, the files behind `from`, the
// versions of welt and LibTorch. Written into the run folder (inputs.json) and compared when the run is resumed or
// evaluated.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"
#include "core/train/recipe_text.h"

namespace welt {

// {"text": {"data.train.files": [{"path", "bytes", "sha256"}]}, "plugins": {"words": {"version", "sha256"}},
//  "from": {"model.latent.from": [{"path", "bytes", "modified"}]}, "versions": {"welt": "0.1.0", "libtorch": "2.15.0"}}
// Throws Error for text that cannot be read; of `from`, null stands for what is not there (any more).
nlohmann::json pin_inputs(const Recipe& recipe, const WeltSpec& spec);

// The same of a run without plugins: files by the keys that name them.
nlohmann::json pin_inputs(const std::vector<RecipeText>& files);

// One thing that is not as it was. `key` is what --allow-changes names: "train.steps", "data.train.files",
// "plugins.words", "model.latent.from".
struct Difference {
  std::string key, text;
};

struct InputDifferences {
  std::vector<Difference> decisive;  // of what a resumed run reads: text and plugins
  std::vector<Difference> told;      // of what only a new run reads (`from`), and of versions
  nlohmann::json started_from;       // "from" of before
};

// Where a text lies does not matter. `before`: the run's inputs.json. Throws Error (data_loss) when it is none.
InputDifferences input_differences(const std::filesystem::path& before, const nlohmann::json& now);
// Of recipe keys that decide the result of training.
std::vector<Difference> training_differences(const Recipe& before, const Recipe& now);

// Throws Error for a name in --allow-changes that no difference can have, with the nearest that can.
void check_allowed(const RecipeSchema& schema, const std::vector<std::string>& allowed);
// Those that `allowed` does not name; a name also stands for what is below it ("plugins", "data").
std::vector<Difference> not_allowed(std::vector<Difference> differences, const std::vector<std::string>& allowed);

}  // namespace welt
