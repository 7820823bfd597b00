/* See drawing.h. */
#include "drawing.h"

#include <string.h>
#include <welt/sdk/utf8.h>

#include "missing_glyph.h"

enum { margin = 5 }; /* pixels left of the cells, and at least as many right of them */

static int64_t scale_of(const struct bitmap_page* page) { return page->block / bitmap_height; }

uint64_t bitmap_find_wrong_byte(welt_string word) {
  uint64_t at = 0;
  while (at < word.size) {
    uint32_t character = 0;
    const int32_t length = welt_utf8_decode(word, at, &character);
    if (length <= 0) break;
    at += (uint64_t)length;
  }
  return at;
}

/* ---- a walk along the cells of a word ---- */

struct walk {
  const struct bitmap_page* page;
  welt_string word;
  uint64_t next;           /* byte of the word */
  int64_t pen, cell_width; /* where the next cell begins, and the width of the one before it; pixels */
};

/* A character in its place. */
struct placed {
  uint32_t character;
  const struct bitmap_glyph* glyph; /* null: there is none */
  int64_t x;
};

static struct walk begin(const struct bitmap_page* page, welt_string word) {
  const struct walk walk = {.page = page, .word = word, .pen = margin};
  return walk;
}

static uint32_t picture_of(uint32_t character) {
  if (character < 0x20) return 0x2400 + character;
  return character == 0x7F ? 0x2421 : character;
}

/* Marks of right-to-left scripts have no shift: for them the list's pen is left of the letter already. Some lists give
 * one shift to all marks of a script, of whatever width. */
static int64_t place_of_mark(const struct walk* walk, const struct bitmap_glyph* mark) {
  const int64_t scale = scale_of(walk->page), cell = walk->pen - walk->cell_width;
  const int64_t listed = mark->shift < 0 ? walk->pen + scale * mark->shift : cell;
  return listed < cell && scale * mark->width <= walk->cell_width ? cell : listed;
}

static struct placed step(struct walk* walk) {
  const int64_t scale = scale_of(walk->page);
  struct placed out = {.x = walk->pen};
  walk->next += (uint64_t)welt_utf8_decode(walk->word, walk->next, &out.character);
  out.character = picture_of(out.character);
  out.glyph = bitmap_font_find(walk->page->font, out.character);
  if (out.glyph != NULL && out.glyph->is_mark && walk->cell_width > 0) {
    out.x = place_of_mark(walk, out.glyph);
  } else {
    walk->cell_width = scale * (out.glyph == NULL ? bitmap_widest : out.glyph->width);
    walk->pen += walk->cell_width;
  }
  return out;
}

int64_t bitmap_width(const struct bitmap_page* page, welt_string word) {
  struct walk walk = begin(page, word);
  while (walk.next < word.size) step(&walk);
  const int64_t blocks = (walk.pen + margin + page->block - 1) / page->block, width = blocks * page->block;
  return width < page->max_width ? width : page->max_width;
}

/* ---- pixels ---- */

/* A dot of `scale` pixels each way; what lies left or right of the image is left out. */
static void draw_dot(uint8_t* row, int64_t stride, int64_t width, int64_t x, int64_t scale) {
  const int64_t left = x < 0 ? 0 : x, right = x + scale < width ? x + scale : width;
  if (left >= right) return;
  for (int64_t y = 0; y < scale; ++y) memset(row + y * stride + left, 0, (size_t)(right - left));
}

void bitmap_draw(const struct bitmap_page* page, welt_string word, uint8_t* pixels, int64_t width, int64_t stride,
                 bitmap_on_missing* on_missing, void* self) {
  const int64_t scale = scale_of(page), top = (page->block - bitmap_height * scale) / 2;
  struct walk walk = begin(page, word);
  while (walk.next < word.size && walk.pen - walk.cell_width < width) {
    const struct placed placed = step(&walk);
    const struct bitmap_glyph glyph = placed.glyph == NULL ? bitmap_missing_glyph(placed.character) : *placed.glyph;
    if (placed.glyph == NULL) on_missing(self, placed.character);
    for (int64_t y = 0; y < bitmap_height; ++y) {
      uint8_t* row = pixels + (top + y * scale) * stride;
      for (unsigned bits = glyph.rows[y], column = 0; bits != 0; bits = bits << 1 & 0xFFFF, ++column)
        if (bits & 0x8000) draw_dot(row, stride, width, placed.x + column * scale, scale);
    }
  }
}
