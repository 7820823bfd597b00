// Options that the verbs of `welt text` share.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/welt/text_task.h"

namespace welt {

void add_embedding_options(CLI::App& verb, TextOptions& options);  // --model, --tokenizer, --threads
void add_vector_options(CLI::App& verb, TextOptions& options);     // --dim, --binary
// Texts as arguments, --file, --whole; `help` is that of the arguments.
void add_text_inputs(CLI::App& verb, TextOptions& options, const char* help);

}  // namespace welt
