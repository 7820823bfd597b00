/* See model.h. */
#include "model.h"

#include <string.h>

enum { dots_across = 4, dots_down = 6 }; /* 24 bits: a code point has 21 */

static int64_t dot_size(int64_t block) { return block / smallest_block; }

int64_t my_plugin_character_width(int64_t block) { return dots_across * dot_size(block); }

void my_plugin_draw_character(uint32_t code_point, int64_t block, uint8_t* corner, int64_t stride) {
  const int64_t dot = dot_size(block), top = (block - dots_down * dot) / 2;
  for (int64_t bit = 0; bit < dots_across * dots_down; ++bit) {
    if ((code_point >> bit & 1) == 0) continue;
    uint8_t* from = corner + (top + bit / dots_across * dot) * stride + bit % dots_across * dot;
    for (int64_t y = 0; y < dot; ++y) memset(from + y * stride, 0, (size_t)dot);
  }
}
