// Normalizers that look at each character by itself: what BERT, Nmt and StripAccents keep, replace and remove.
// Reference: the normalizers of the library tokenizers.
#pragma once

#include <functional>
#include <string>

namespace welt::tokenizers {

// Whether the character becomes something else, and what ("": nothing). Immutable, any thread.
using CharacterRule = std::function<bool(char32_t, std::string&)>;

CharacterRule bert_cleaning();             // control characters away, white space to spaces
CharacterRule bert_ideographs();           // a space on both sides of Chinese characters
CharacterRule without_nonspacing_marks();  // Mn
CharacterRule without_marks();             // M
CharacterRule nmt_rule();
bool byte_level_rule(char32_t c, std::string& out);  // each byte as its character of byte_alphabet

}  // namespace welt::tokenizers
