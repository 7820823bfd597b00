// `welt generate --interactive`: a prompt a line, answered at once.
#pragma once

#include "apps/welt/generate_chat.h"
#include "core/generate/generator.h"

namespace welt {

// Until standard input ends. SIGINT ends the answer that is being written, not the program. With `chat` the lines are
// one conversation, which the line "/new" begins anew; without, each is a text to continue.
void generate_interactively(Generator& generator, GenerateOptions options, const ChatPrompts& chat);

}  // namespace welt
