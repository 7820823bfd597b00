/* The glyphs of a font by their characters. Filled by font_files.h, then only read: [any] for every function that takes
 * a const font.
 *
 * Functions begin with the plugin's name: plugins may be linked into one program, where C has one name space. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
  bitmap_height = 16,          /* rows of every glyph; pixels */
  bitmap_widest = 16,          /* a glyph is 8 or 16 pixels wide */
  bitmap_characters = 0x110000 /* code points of Unicode */
};

/* A glyph, one bit a pixel. */
struct bitmap_glyph {
  uint16_t rows[bitmap_height]; /* the highest bit is the leftmost pixel */
  uint8_t width;                /* 8 or 16 */
  uint8_t is_mark;              /* drawn over the cell before it, and moves nothing on */
  int8_t shift; /* of a mark, in pixels: its left edge from the end of that cell; 0: both begin together */
};

struct bitmap_font {
  struct bitmap_glyph* glyphs;
  uint32_t* number_of; /* [bitmap_characters]: 1 + index into glyphs; 0: none */
  size_t count, capacity, marks;
};

/* An empty font; 0: out of memory. */
int bitmap_font_open(struct bitmap_font* font);
void bitmap_font_close(struct bitmap_font* font);

/* Adds a glyph, unless the character has one already; 0: out of memory. `character` is below bitmap_characters. */
int bitmap_font_add(struct bitmap_font* font, uint32_t character, const struct bitmap_glyph* glyph);

/* Makes the character's glyph, if it has one, a mark. */
void bitmap_font_mark(struct bitmap_font* font, uint32_t character, int8_t shift);

/* Null: the font has none. It lives as long as the font. */
const struct bitmap_glyph* bitmap_font_find(const struct bitmap_font* font, uint32_t character);
