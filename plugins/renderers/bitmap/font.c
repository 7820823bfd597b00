/* See font.h. */
#include "font.h"

#include <stdlib.h>

int bitmap_font_open(struct bitmap_font* font) {
  const struct bitmap_font empty = {.number_of = calloc(bitmap_characters, sizeof *font->number_of)};
  *font = empty;
  return font->number_of != NULL;
}

void bitmap_font_close(struct bitmap_font* font) {
  free(font->glyphs);
  free(font->number_of);
}

int bitmap_font_add(struct bitmap_font* font, uint32_t character, const struct bitmap_glyph* glyph) {
  if (font->number_of[character] != 0) return 1;
  if (font->count == font->capacity) {
    const size_t capacity = font->capacity == 0 ? 1024 : 2 * font->capacity;
    struct bitmap_glyph* larger = realloc(font->glyphs, capacity * sizeof *larger);
    if (larger == NULL) return 0;
    font->glyphs = larger;
    font->capacity = capacity;
  }
  font->glyphs[font->count++] = *glyph;
  font->number_of[character] = (uint32_t)font->count;
  return 1;
}

void bitmap_font_mark(struct bitmap_font* font, uint32_t character, int8_t shift) {
  if (font->number_of[character] == 0) return;
  struct bitmap_glyph* glyph = &font->glyphs[font->number_of[character] - 1];
  font->marks += glyph->is_mark == 0;
  glyph->is_mark = 1;
  glyph->shift = shift;
}

const struct bitmap_glyph* bitmap_font_find(const struct bitmap_font* font, uint32_t character) {
  const uint32_t number = font->number_of[character];
  return number == 0 ? NULL : &font->glyphs[number - 1];
}
