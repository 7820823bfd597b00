// A prompt as generation reads it: whole words, and the beginning of one that it ends in the middle of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/text_front_end.h"

namespace welt {

struct Prompt {
  std::vector<std::string> words;  // BOS first
  std::string begin;               // of a word that is not finished; may be empty
};

// Positions that what is read before the first word is written takes: of a word-level model its words, of a byte_lm BOS
// and all bytes of `text`, those of a word that goes on too. More than the model has are refused by read_prompt().
std::int64_t prompt_positions(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                              std::string_view where);

// Throws Error, starting with `where`, for text that is not UTF-8 or ends inside a character, for more words than the
// model's latent transformer has positions, and for prefix blocks where it never looks ahead.
Prompt read_prompt(const WeltModel& model, const TextFrontEnd& front_end, std::string_view text,
                   std::string_view where);

}  // namespace welt
