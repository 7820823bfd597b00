// Continuations that a model writes when its training is over, for a person to look at.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/dataset.h"
#include "core/model/text_front_end.h"
#include "core/model/welt_model.h"
#include "core/recipe/recipe.h"

namespace welt {

struct Sample {
  std::string prompt, text;
};

// The recipe's samples.prompts, else the beginnings of held-out documents (null: none are held out), each continued by
// samples.words words. Leaves the model in evaluation mode.
std::vector<Sample> write_samples(WeltModel& model, const std::shared_ptr<const TextFrontEnd>& text,
                                  const Recipe& recipe, const Dataset* held_out);

// Throws Error where latent transformer or decoder have no cache, without which no text is written: `where` asks for
// texts, `what` they are, `instead` asks for none.
void require_caches(WeltModel& model, const std::string& where, const char* what, const char* instead);

// Samples are written when training is over; what stands in their way is told before: throws Error where latent
// transformer or decoder have no cache, or a prompt of samples.prompts cannot be continued by this model.
void check_samples(WeltModel& model, const TextFrontEnd& text, const Recipe& recipe);

}  // namespace welt
