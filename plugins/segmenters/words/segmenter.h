// The rules that cut text into words, free of the plugin ABI: plugin.cpp puts them behind welt.segmenter/1.
//
// Text is cut into spans: the longest run of one script that an engine cuts (Kind::sign and up), else a default span,
// the run of grapheme clusters whose first code point is of no such script. With C the control characters 01–08, 0E–1F
// and 7F, and W white space (Python's \s for text: 1C–1F are in both), a word of a default span is, leftmost first: one
// C; or a run of neither followed by at most one W; or a run of W. NUL is an ordinary letter. Reference: the Python
// package words-segmentation 0.0.7.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine.h"
#include "script_table.h"

namespace welt::words {

struct Limits {
  std::int64_t max_bytes = 0;  // cut longer words greedily at grapheme clusters (a longer cluster stays whole); 0: no
  std::int64_t max_characters = 0;  // cut longer words every so many code points; 0: no. Not both
  std::int64_t max_lookahead = 0;   // bytes held back at most while more text may come; 0: default_lookahead
};

inline constexpr std::int64_t default_lookahead = 4096;
// The longest run that an engine gets: bounds its memory. A longer one is cut behind the last word but one in it.
inline constexpr std::size_t longest_span = std::size_t{1} << 16;

struct Segmentation {
  std::uint64_t count = 0;     // ends written
  std::uint64_t consumed = 0;  // the last of them
};

// What cuts each script, by Kind; null: a run is one word.
using Engines = std::array<std::unique_ptr<Engine>, kinds>;

// The number that the interface's `engines` gives for words of a script; words of default spans have default_code.
inline constexpr std::uint32_t default_code = 1;
constexpr std::uint32_t code_of(Kind kind) {
  return 2 + static_cast<std::uint32_t>(kind) - static_cast<std::uint32_t>(Kind::sign);
}
// Its name: that of the reference's engine for the spans of this script, whatever cut them; "": no such code.
std::string_view name_of(std::uint32_t code);

// Const calls from any thread, any number at once.
class Splitter {
 public:
  Splitter(bool reference_compatible, Engines engines);

  // Writes the end offsets of the words of `text` (well-formed, but for a sequence cut off at the end when !is_final),
  // and to `codes`, unless null, what made each of them.
  //
  // !is_final: what more text could change is held back, the rest of the text comes again in front of the next piece.
  // The words are those of the whole text, however it was cut into pieces, unless a word or a span of a script (with
  // max_bytes or max_characters: one piece of a word) is longer than max_lookahead: then it is cut before its last
  // word, or before the last grapheme cluster of its only one.
  //
  // Fewer ends than words: the segmentation stops behind a word from which it can go on in the next call as if it had
  // not stopped. Only if there is none does it stop elsewhere.
  Segmentation segment(std::string_view text, bool is_final, const Limits& limits, std::span<std::uint64_t> ends,
                       std::uint32_t* codes) const;

  // Nothing can be added to `word` any more: one C; a run of neither C nor W and one W; and, unless
  // reference_compatible, a syllable of Tibetan with its tsheg, a mark of Chinese or Japanese that stands alone, and
  // what goes on behind the end of its first span. False for text that is not well-formed.
  bool is_complete(std::string_view word) const;

  bool reference_compatible() const { return reference_compatible_; }
  const Engines& engines() const { return engines_; }

 private:
  bool reference_compatible_;
  ScriptTable table_;
  Engines engines_;
};

}  // namespace welt::words
