// Cuts a word into lines and these into runs that are shaped as one: same direction, script and font.
#pragma once

#include <hb.h>
#include <unicode/ubrk.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "font_set.h"
#include "segments.h"

namespace welt::freetype {

struct Run {
  std::size_t begin, end;  // characters of the word
  std::size_t font;        // index in the FontSet
  hb_script_t script;
  std::uint8_t level;  // odd: right to left
};

struct Line {
  std::size_t first_run, last_run;  // [first, last) of the runs, in logical order
  bool right_to_left;               // the paragraph's direction
  std::size_t font = 0;             // what an empty line is as high as
};

// One per thread. Emoji take the first font of colour pictures that has them. All else is drawn with fonts chosen by
// grapheme cluster: the first that has all of its characters; else its first character's font, and for what that lacks
// (and for enclosing marks) the first that has it. What takes any font goes with the run before it, or, at a run's end,
// with the following run when that one's font comes earlier in the order.
class Itemizer {
 public:
  explicit Itemizer(const FontSet& fonts) : fonts_(fonts) {}

  // Replaces `runs` and `lines`. U+2029 ends a paragraph (and begins another), U+2028 a line; neither is in a run.
  // There is always a line; empty ones have no run. A character that no font has is in a run of font 0.
  void split(std::span<const char32_t> word, std::vector<Run>& runs, std::vector<Line>& lines);

 private:
  void split_paragraph(std::span<const char32_t> word, std::size_t begin, std::size_t end, bool right_to_left,
                       std::vector<Run>& runs, std::vector<Line>& lines);
  FontSet::Index first_font(char32_t character, bool as_picture) const;
  void choose_fonts(std::span<const char32_t> paragraph);
  void choose_cluster_fonts(std::span<const char32_t> paragraph);
  void choose_for_cluster(std::span<const char32_t> cluster, std::span<FontSet::Index> chosen) const;
  void add_runs(std::span<const char32_t> paragraph, std::size_t offset, std::size_t begin, std::size_t end,
                std::vector<Run>& runs) const;

  struct Close {
    void operator()(UBreakIterator* iterator) const { ubrk_close(iterator); }
  };

  const FontSet& fonts_;
  BidiLevels bidi_;
  std::unique_ptr<UBreakIterator, Close> graphemes_;
  std::u16string utf16_;
  // By character of the paragraph.
  std::vector<std::uint8_t> levels_, emoji_;
  std::vector<FontSet::Index> chosen_;  // a font, none, or any_font
  std::vector<UScriptCode> scripts_;
};

}  // namespace welt::freetype
