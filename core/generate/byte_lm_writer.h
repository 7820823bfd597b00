// A byte_lm's texts (core/model/byte_lm.h): its decoder reads BOS and the prompt's bytes once, then a byte of each text
// a step, with one cache of keys and values or states. The segmenter only says where the words end that are counted and
// told. Inside core/generate only, but for check_bytes().
#pragma once

#include <string>
#include <vector>

#include "core/generate/growing_text.h"

namespace welt {

// Throws Error naming an option that has no meaning for a byte_lm.
void check_bytes(const GenerateOptions& options);

// `rows`: position = BOS and the prompt's bytes; begin: those of a word that goes on.
std::vector<Generated> write_bytes(WeltModel& model, const Segmenter& segmenter, const GenerateOptions& options,
                                   std::vector<GrowingText> rows, const std::vector<std::string>& prompts,
                                   const Generator::WordCallback& told, GenerateStatistics& spent);

}  // namespace welt
