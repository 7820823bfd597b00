/* See missing_glyph.h. */
#include "missing_glyph.h"

enum { digit_width = 3, digit_height = 5, box_width = 15 }; /* a white column keeps two boxes apart */

/* 0 to F: five rows of three pixels, an octal digit each. */
static const uint16_t digits[16] = {075557, 026227, 071747, 071717, 055711, 074717, 074757, 071111,
                                    075757, 075717, 025755, 044757, 074447, 011757, 074747, 074744};

static void draw_digit(struct bitmap_glyph* glyph, uint32_t value, int left, int top) {
  for (int y = 0; y < digit_height; ++y) {
    const unsigned row = digits[value] >> (digit_width * (digit_height - 1 - y)) & 07u;
    glyph->rows[top + y] = (uint16_t)(glyph->rows[top + y] | row << (bitmap_widest - digit_width - left));
  }
}

struct bitmap_glyph bitmap_missing_glyph(uint32_t character) {
  struct bitmap_glyph glyph = {.width = bitmap_widest};
  for (int y = 0; y < bitmap_height; ++y) glyph.rows[y] = 0x8002;
  glyph.rows[0] = glyph.rows[bitmap_height - 1] = 0xFFFE;
  const int in_row = character > 0xFFFF ? 3 : 2, step = digit_width + 1;
  const int left = (box_width - (in_row * step - 1)) / 2;
  for (int i = 0; i < 2 * in_row; ++i) {
    const uint32_t value = character >> (4 * (2 * in_row - 1 - i)) & 15;
    draw_digit(&glyph, value, left + i % in_row * step, i < in_row ? 2 : 9);
  }
  return glyph;
}
