// `welt generate --jsonl`: each line of standard input is a request {prompts, max_generated_words, options,
// logit_scale}.
#pragma once

#include "core/generate/generator.h"
#include "core/model/welt_model.h"

namespace welt {

// `defaults`: what a request changes nothing about. Of the reference, options are those of its GenerationConfig and
// start from its defaults.
void generate_lines(WeltModel& model, const GenerateOptions& defaults);

}  // namespace welt
