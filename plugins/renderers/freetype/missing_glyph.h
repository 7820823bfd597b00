// What is drawn for a character that no font has: a box with the character's number in hexadecimal. Immutable: any
// thread.
#pragma once

#include <cstdint>

#include "paper.h"

namespace welt::freetype {

class MissingGlyph {
 public:
  // `ascent` and `descent`: of the first font, in pixels.
  MissingGlyph(std::int64_t font_px, std::int64_t ascent, std::int64_t descent);

  // In pixels: the advance, and the room above and below the baseline.
  std::int64_t width(char32_t character) const { return 2 * pad_ + box_width(character); }
  std::int64_t ascent() const { return box_height_ - box_descent_ + pad_; }
  std::int64_t descent() const { return box_descent_ + pad_; }

  // With the left end of the baseline at (x, y).
  void draw(const Paper& paper, char32_t character, std::int64_t x, std::int64_t y) const;

 private:
  // Four digits, six beyond U+FFFF, in rows_ rows.
  std::int64_t columns(char32_t character) const { return (character > 0xFFFF ? 6 : 4) / rows_; }
  std::int64_t box_width(char32_t character) const { return 3 * pad_ + columns(character) * (digit_width_ + pad_); }
  void draw_digit(const Paper& paper, unsigned digit, std::int64_t x, std::int64_t y) const;

  std::int64_t rows_, pad_;  // pad: also the width of lines
  std::int64_t digit_width_, digit_height_;
  std::int64_t box_height_, box_descent_;
};

}  // namespace welt::freetype
