// See missing_glyph.h. Sizes follow the boxes of Pango's cairo renderer, so that widths agree: measured at 4 to 128
// pixels, exact at the usual ones, a pixel off at a few. The digits are our own: seven strokes, as on a pocket
// calculator.
#include "missing_glyph.h"

#include <array>

namespace welt::freetype {
namespace {

// Strokes of 0–9, A, b, C, d, E, F. Bits: 0 top, 1 upper right, 2 lower right, 3 bottom, 4 lower left, 5 upper left,
// 6 middle.
constexpr std::array<std::uint8_t, 16> strokes = {0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07,
                                                  0x7F, 0x6F, 0x77, 0x7C, 0x39, 0x5E, 0x79, 0x71};

// Digits are lighter than the box, so that it does not look like a blot.
constexpr std::uint8_t box_grey = 0, digit_grey = 128;

}  // namespace

MissingGlyph::MissingGlyph(std::int64_t font_px, std::int64_t ascent, std::int64_t descent) {
  const bool small = font_px < 12;
  rows_ = small ? 1 : 2;
  pad_ = std::max<std::int64_t>(1, (ascent + descent + 42) / 43);
  digit_width_ = small ? std::clamp<std::int64_t>(font_px - 2, 2, 5) : (29 * font_px + 155) / 100;
  digit_height_ = small ? std::clamp<std::int64_t>(font_px - 2, 3, 5) : (33 * font_px + 107) / 100;
  box_height_ = 3 * pad_ + rows_ * (digit_height_ + pad_);
  // On the baseline, or as far below it as the line's height asks for.
  box_descent_ = 2 * pad_;
  if (rows_ > 1 && box_height_ > ascent) {
    const std::int64_t line = std::max<std::int64_t>(1, ascent + descent);
    box_descent_ = box_height_ <= line - 2 * pad_ ? 2 * pad_ + box_height_ - ascent : descent * box_height_ / line;
  }
}

void MissingGlyph::draw(const Paper& paper, char32_t character, std::int64_t x, std::int64_t y) const {
  const std::int64_t left = x + pad_, top = y + box_descent_ - box_height_;
  const std::int64_t width = box_width(character);
  paper.fill(left, top, width, pad_, box_grey);
  paper.fill(left, top + box_height_ - pad_, width, pad_, box_grey);
  paper.fill(left, top, pad_, box_height_, box_grey);
  paper.fill(left + width - pad_, top, pad_, box_height_, box_grey);
  const std::int64_t in_row = columns(character);
  for (std::int64_t i = 0; i < rows_ * in_row; ++i) {
    const auto digit = static_cast<unsigned>(character >> (4 * (rows_ * in_row - 1 - i))) & 15;
    draw_digit(paper, digit, left + 2 * pad_ + i % in_row * (digit_width_ + pad_),
               top + 2 * pad_ + i / in_row * (digit_height_ + pad_));
  }
}

void MissingGlyph::draw_digit(const Paper& paper, unsigned digit, std::int64_t x, std::int64_t y) const {
  const std::int64_t line = pad_, width = digit_width_ - 1, height = digit_height_;
  const std::int64_t half = (height + line) / 2, lower = height - half + line;  // strokes meet in the middle line
  const std::int64_t right = x + width - line, middle = y + half - line;
  const unsigned drawn = strokes[digit];
  if ((drawn & 0x01) != 0) paper.fill(x, y, width, line, digit_grey);
  if ((drawn & 0x02) != 0) paper.fill(right, y, line, half, digit_grey);
  if ((drawn & 0x04) != 0) paper.fill(right, middle, line, lower, digit_grey);
  if ((drawn & 0x08) != 0) paper.fill(x, y + height - line, width, line, digit_grey);
  if ((drawn & 0x10) != 0) paper.fill(x, middle, line, lower, digit_grey);
  if ((drawn & 0x20) != 0) paper.fill(x, y, line, half, digit_grey);
  if ((drawn & 0x40) != 0) paper.fill(x, middle, width, line, digit_grey);
}

}  // namespace welt::freetype
