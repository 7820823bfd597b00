// Everything a recipe names, opened and checked against each other: model, training text, held-out text.
// Used by `welt run`, `welt evaluate`, `welt bench` and, for the model alone, `welt checkpoint init`.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/data/dataset.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"
#include "core/train/held_out.h"

namespace welt {

struct Session {
  WeltModel model;
  std::shared_ptr<const TextFrontEnd> text;
  std::shared_ptr<const Dataset> train;       // null unless asked for
  std::shared_ptr<const Dataset> validation;  // null: the recipe names no held-out text
  std::vector<Batch> validation_batches;
  std::int64_t validation_rows = 0;  // of validation_batches
  bool validation_complete = false;  // the batches are all of the held-out text
  HeldOut held_out;                  // groups and rows of the held-out text, where the recipe asks for their figures
  std::int64_t micro_batches = 1;    // that a batch of the recipe is computed in (core/train/micro_batches.h)
  std::int64_t chunk_tokens = 8192;
  bool amp = false;
};

enum class SessionUse { train, evaluate };

// Seeds, sets the number of threads, builds the model (or loads `checkpoint` with `changes`, or the recipe's
// model.from) and opens the text. Throws Error naming recipe key, file and line; nothing is written.
Session open_session(const Recipe& recipe, SessionUse use, const std::optional<std::filesystem::path>& checkpoint = {},
                     const SpecChanges& changes = {});

// The model that a run of the recipe begins with: its seed's values, or those of model.from, in the dtype of
// `precision`. Seeds and sets the number of threads too; no text is opened.
WeltModel open_starting_model(const Recipe& recipe);

// What can be told of the recipe's model without weights: throws as open_session() would. Text is read only for a
// latent transformer that never looks ahead, which takes no prefix blocks.
void check_model(const Recipe& recipe, SessionUse use);

}  // namespace welt
