/* A word as a row of glyphs: how wide it is, and its pixels. Knows nothing of tables and handles.
 *
 * A character is a cell, 8 or 16 pixels wide, and cells follow each other from left to right in the order of the text,
 * whatever the script. A mark is drawn over the cell before it, where its list says, but not left of that cell if it is
 * no wider; one that has none before it is a cell. Control
 * characters are drawn as their pictures (U+2400 …), characters without a glyph as missing_glyph.h has them.
 *
 * The image is `block` pixels high. Each pixel of a glyph is a square of block / 16 pixels, rounded down; the cells
 * begin 5 pixels from the left and are centred from top to bottom. Its width is theirs and 10 pixels, rounded up to a
 * block; a wider one than `max_width` shows the beginning. */
#pragma once
#include <welt/abi/base.h>

#include "font.h"

struct bitmap_page {
  const struct bitmap_font* font;
  int64_t block, max_width; /* pixels: 16 or more; a multiple of block */
};

/* The first byte that fits no character of UTF-8; word.size: there is none. [any] */
uint64_t bitmap_find_wrong_byte(welt_string word);

/* The image's width. The word is UTF-8, here and below. [any] */
int64_t bitmap_width(const struct bitmap_page* page, welt_string word);

/* What is told of every character that is drawn as a box. */
typedef void bitmap_on_missing(void* self, uint32_t character);

/* Draws in black on an image of `width` pixels that is white already: row y at pixels + y · stride. [any] */
void bitmap_draw(const struct bitmap_page* page, welt_string word, uint8_t* pixels, int64_t width, int64_t stride,
                 bitmap_on_missing* on_missing, void* self);
