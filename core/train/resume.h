// What a run goes on from: its newest whole checkpoint, and whether recipe and inputs are those of before. Nothing here
// changes the run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"
#include "core/train/training_state.h"

namespace welt {

struct ResumePoint {
  struct Damaged {
    std::filesystem::path checkpoint;
    std::string error;
  };
  std::filesystem::path checkpoint;
  TrainingState state;
  std::vector<Damaged> damaged;  // newer ones that cannot be read
  bool finished = false;         // there is nothing left to do
};

// The newest run of the recipe's name that has a checkpoint; an empty path, and a warning, when there is none.
std::filesystem::path run_to_resume(const Recipe& recipe);

// Throws Error (that of the newest checkpoint) when none of the run's is whole.
ResumePoint find_resume_point(const Recipe& recipe, const std::filesystem::path& run);

// The key of the recipe for which there is no step left to take: train.patience, train.steps or train.minutes; "":
// there is one.
std::string ended_by(const Recipe& recipe, const TrainingState& state);
inline bool is_done(const Recipe& recipe, const TrainingState& state) { return !ended_by(recipe, state).empty(); }

// Throw Error for what is not as `run` was trained with and not in `allowed` (pins.h). `inputs`: of now; it gets what
// the run started from, which a resumed one does not read again.
void check_same_recipe(const Recipe& recipe, const std::filesystem::path& run, const std::vector<std::string>& allowed);
void check_same_inputs(const Recipe& recipe, const std::filesystem::path& run, nlohmann::json& inputs,
                       const std::vector<std::string>& allowed);
// A run that began before there was data.window_words had all of its text in one. `windows`: of the text now.
void check_same_windows(const Recipe& recipe, const std::filesystem::path& run, std::int64_t windows,
                        const std::vector<std::string>& allowed);
// Other dictionaries, or another tokenizer, cut other words out of the same text. `spec`: of the model, opened.
void check_same_words(const Recipe& recipe, const std::filesystem::path& run, const std::filesystem::path& checkpoint,
                      const WeltSpec& spec, const std::vector<std::string>& allowed);

}  // namespace welt
