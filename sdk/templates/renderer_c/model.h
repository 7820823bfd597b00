/* How a character becomes pixels. Knows nothing of tables and handles: plugin.c puts it behind welt.renderer/1.
 *
 * A character is a pattern of dots, one for each bit of its code point, 4 across and 6 down. It needs no font and
 * nothing is missing from it; an image encoder learns to read it as it learns letters. */
#pragma once
#include <stdint.h>

enum { smallest_block = 8 };

/* Pixels across of one character in an image of `block` pixels in height. */
int64_t character_width(int64_t block);

/* Draws black dots on the paper, which is white already: character_width() × block pixels from `corner` on, rows
 * `stride` apart. [any] */
void draw_character(uint32_t code_point, int64_t block, uint8_t* corner, int64_t stride);
