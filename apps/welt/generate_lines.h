// `welt generate --jsonl`: each line of standard input is a request {prompts, max_generated_words, options,
// logit_scale}.
#pragma once

#include "core/generate/generator.h"
#include "core/model/welt_model.h"

namespace welt {

// `defaults`: how requests without options are answered. Options are those of transformers' GenerationConfig and start
// from its defaults, as all requests of the reference do.
void generate_lines(WeltModel& model, const GenerateOptions& defaults);

}  // namespace welt
