// Speculative writing: words are guessed ahead, the latent transformer reads all guesses in one pass and the decoder
// holds each against what it would write there. As far as they agree they are text already; the first one that does not
// is written as usual. Inside core/generate only.
#pragma once

#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/generate/growing_text.h"
#include "core/generate/word_encoder.h"

namespace welt {

// One result a prompt, each as without speculation. A small model that guesses, with its own reader of words; null:
// words are guessed by n-grams of the text alone.
struct DraftParts {
  WeltModel* model = nullptr;
  WordEncoder* encoder = nullptr;
};
std::vector<Generated> speculate_texts(WeltModel& model, WordEncoder& encoder, const DraftParts& draft,
                                       const GenerateOptions& options, std::vector<GrowingText> prompts,
                                       const std::vector<std::string>& texts, const Generator::WordCallback& told,
                                       GenerateStatistics& spent);

}  // namespace welt
