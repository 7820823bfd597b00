// `welt generate --jsonl`: each line of standard input is a request {prompts, max_generated_words, options,
// logit_scale}, or has {messages, tools} in place of prompts.
#pragma once

#include "apps/welt/generate_chat.h"
#include "core/generate/generator.h"
#include "core/model/welt_model.h"

namespace welt {

// `defaults`: how requests without options are answered. Options are those of transformers' GenerationConfig and start
// from its defaults, as all requests of the reference do. `chat`: the form of messages, and the system's.
void generate_lines(WeltModel& model, Generator& generator, const GenerateOptions& defaults, const ChatPrompts& chat);

}  // namespace welt
