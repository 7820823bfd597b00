// Words of tokens under the limits of welt.segmenter/1: longest word, room for ends, text that comes in pieces.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <welt/tokenizers/tokenizer.h>

namespace welt::bpe {

using tokenizers::Tokenizer;
using tokenizers::Word;

struct Limits {
  std::int64_t max_bytes = 0;  // cut longer words greedily at grapheme clusters (a longer cluster stays whole); 0: no
  std::int64_t max_characters = 0;  // cut longer words every so many code points; 0: no. Not both
  std::int64_t max_lookahead = 0;   // bytes held back at most while more text may come; 0: default_lookahead
};

inline constexpr std::int64_t default_lookahead = 65536;

struct Segmentation {
  std::uint64_t count = 0;     // ends written
  std::uint64_t consumed = 0;  // the last of them
};

// Writes the end offsets of the words of `text` (checked: well-formed, but for a sequence cut off at the end when
// !is_final) and, if `ids` is not null, their ids: -1 for words of several tokens or none, and for the parts of a word
// that a limit cut.
//
// !is_final: what more text could change is held back; the words are those of the whole text, however it was cut into
// pieces, as long as no more than max_lookahead bytes have to be held back. Then all words but the last are given as
// they look by now. Fewer ends than words: it stops at the last place from which it can go on without change, or, if
// there is none, where the room ends.
Segmentation segment(const Tokenizer& tokenizer, std::string_view text, bool is_final, const Limits& limits,
                     std::span<std::uint64_t> ends, std::int64_t* ids);

}  // namespace welt::bpe
