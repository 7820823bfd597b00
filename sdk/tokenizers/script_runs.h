// The pre-tokenizer UnicodeScripts: pieces of one script.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace welt::tokenizers {

// The first run of `text` from `begin` on, [first, second). Spaces go with what stands before them; those at the
// beginning of a text are left out, as the library tokenizers does. Kana count as Han.
std::pair<std::size_t, std::size_t> script_run(std::string_view text, std::size_t begin);

}  // namespace welt::tokenizers
