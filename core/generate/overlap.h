// Several texts on two threads: while the words of some rows are spelt here, those that are finished are read there:
// drawn, encoded and passed through the latent transformer. So half of the rows wait neither for the longest words nor
// for the latent transformer's step. Inside core/generate only.
//
//   spelling ─ byte steps of rows in the middle of a word ─▶ words that are finished ─ half of the rows wait ─▶ reading
//       ▲                                                                                                         │
//       └────────────── once no word is left to spell; never sooner, so that runs repeat each other exactly ◀─────┘
#pragma once

#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/generate/growing_text.h"
#include "core/generate/word_encoder.h"

namespace welt {

// Whether it can be: more than one thread, components that take packed rows, and the kernels, which compute a row's
// numbers as they would be alone.
bool can_overlap(WeltModel& model, const GenerateOptions& options);
// Whether it is faster so.
bool pays_to_overlap(WeltModel& model, std::size_t texts);

// One result a prompt. `told` is called on this thread.
std::vector<Generated> overlap_texts(WeltModel& model, WordEncoder& encoder, const GenerateOptions& options,
                                     std::vector<GrowingText> prompts, const std::vector<std::string>& texts,
                                     const Generator::WordCallback& told, GenerateStatistics& spent);

}  // namespace welt
