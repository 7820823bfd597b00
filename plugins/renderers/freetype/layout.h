// Where each glyph of a word goes: shaping, line metrics, the image's size. No pixels yet. Signs: signs.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>
#include <welt/sdk/renderer.hpp>

#include "font_set.h"
#include "itemize.h"
#include "missing_glyph.h"
#include "settings.h"

namespace welt::freetype {

// A glyph with its origin (left end of its baseline) in pixels of the image.
struct PlacedGlyph {
  std::uint32_t glyph;  // of the font; the character itself when font is FontSet::none
  std::uint32_t font;
  std::int64_t x, y;
};

// Where a sign of SignWriting is in its image, pixels; below and to the right of (0, 0), but the right end may be cut.
struct SignBox {
  std::int64_t x, y, width, height;
};

struct Layout {
  sdk::ImageSize size{};
  std::vector<PlacedGlyph> glyphs;
  std::optional<SignBox> sign;  // of a sign, glyphs hide those before them (signs.h); of text, ink adds up
};

inline constexpr std::int64_t side_margin = 5;  // pixels left and right of the text, and on all sides of a sign

// One per thread.
//
// The rules are those of Pango 1.50 with whole-pixel positions, and of the Python renderer on it. A glyph advances by
// its own advance rounded to pixels, plus kerning, rounded again; offsets are rounded; a line is as high as the fonts
// in it. Width = text + 10 rounded up to a block, height = one block; the text begins 5 pixels from the left, its lines
// are centred vertically (an odd pixel goes below). All in whole numbers.
class LayoutMaker {
 public:
  LayoutMaker(const Settings& settings, const FontSet& fonts, const MissingGlyph& missing);

  // Replaces `out`. Throws Failure for what decode_word() refuses.
  void lay_out(std::string_view word, Layout& out);

 private:
  // One line; its glyphs are at x from its left end and y below its baseline, in 1/1024 pixel.
  struct ShapedLine {
    std::size_t first_glyph = 0;
    std::int64_t width = 0;                // pixels
    std::int64_t ascent = 0, descent = 0;  // 1/1024 pixel
    bool right_to_left = false;
  };

  ShapedLine shape_line(const Line& line, Layout& out);
  void shape_run(const Run& run, std::int64_t raised, ShapedLine& line, Layout& out);
  void add_glyphs(const Run& run, std::int64_t raised, ShapedLine& line, Layout& out);
  void order_runs(const Line& line);
  void raise_runs(const Line& line);
  void place_lines(Layout& out) const;

  const Settings& settings_;
  const FontSet& fonts_;
  const MissingGlyph& missing_;
  Itemizer itemizer_;
  HbBuffer buffer_;
  std::vector<char32_t> word_;
  std::vector<Run> runs_;
  std::vector<Line> lines_;
  std::vector<ShapedLine> shaped_;
  std::vector<std::size_t> order_;    // the runs of a line from left to right
  std::vector<std::int32_t> raised_;  // by run of a line, in logical order: its baseline above the line's, 1/1024 pixel
};

}  // namespace welt::freetype
