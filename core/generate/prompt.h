// A prompt as generation reads it: whole words, and the beginning of one that it ends in the middle of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/text_front_end.h"

namespace welt {

struct Prompt {
  std::vector<std::string> words;  // BOS first
  std::string begin;               // of a word that is not finished; may be empty
};

// Throws Error, starting with `where`, for text that is not UTF-8 or ends inside a character, for more words than the
// model's latent transformer has positions, and for prefix blocks where it never looks ahead.
Prompt read_prompt(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                   std::string_view where);

}  // namespace welt
