// Beam search over words: several texts of a prompt grow beside each other, each by the best words that a byte-level
// search finds behind its latent, and those with the largest joint log probability of all their bytes go on. Inside
// core/generate only.
#pragma once

#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/generate/growing_text.h"
#include "core/generate/word_encoder.h"

namespace welt {

// One result a prompt, the best text with n_best filled in. `told` is called with the words of the best text once it is
// known. Prompts are searched one after the other.
std::vector<Generated> search_words(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options,
                                    std::vector<GrowingText> prompts, const std::vector<std::string>& texts,
                                    const Generator::WordCallback& told, GenerateStatistics& spent);

}  // namespace welt
