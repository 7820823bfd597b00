// The rules that cut text into words, free of the plugin ABI: plugin.cpp puts them behind welt.segmenter/1.
//
// With C the control characters 01–08, 0E–1F and 7F, and W white space (Python's \s for text: 1C–1F are in both), a
// word is, leftmost first: one C; or a run of neither followed by at most one W; or a run of W. NUL is an ordinary
// letter. Reference: the default rule of the Python package words-segmentation 0.0.7.
//
// Stateless: any thread, any number at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace welt::words {

struct Limits {
  std::int64_t max_bytes = 0;  // cut longer words greedily at grapheme clusters (a longer cluster stays whole); 0: no
  std::int64_t max_characters = 0;  // cut longer words every so many code points; 0: no. Not both
  std::int64_t max_lookahead = 0;   // bytes held back at most while more text may come; 0: default_lookahead
};

inline constexpr std::int64_t default_lookahead = 4096;

struct Segmentation {
  std::uint64_t count = 0;     // ends written
  std::uint64_t consumed = 0;  // the last of them
};

// Writes the end offsets of the words of `text` (well-formed, but for a sequence cut off at the end when !is_final).
//
// !is_final: what more text could change is held back, the rest of the text comes again in front of the next piece. The
// words are those of the whole text, however it was cut into pieces, unless a word (with max_bytes or max_characters:
// one piece of it) is longer than max_lookahead: then it is cut before its last grapheme cluster.
//
// Fewer ends than words: the segmentation stops behind a word, and goes on from `consumed` in the next call. Only if
// not even the pieces of the first word fit does it stop inside one.
Segmentation segment(std::string_view text, bool is_final, const Limits& limits, std::span<std::uint64_t> ends);

// Nothing can be added to `word` any more: one C, or a run of neither C nor W and one W.
bool is_complete(std::string_view word);

}  // namespace welt::words
