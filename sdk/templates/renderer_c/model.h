/* How a character becomes pixels. Knows nothing of tables and handles: plugin.c puts it behind welt.renderer/1.
 *
 * A character is a pattern of dots, one for each bit of its code point, 4 across and 6 down. It needs no font and
 * nothing is missing from it; an image encoder learns to read it as it learns letters.
 *
 * Functions begin with the plugin's name: plugins may be linked into one program, where C has one name space. */
#pragma once
#include <stdint.h>

enum { smallest_block = 8 };

/* Pixels across of one character in an image of `block` pixels in height. */
int64_t my_plugin_character_width(int64_t block);

/* Draws black dots on the paper, which is white already: my_plugin_character_width() × block pixels from `corner` on,
 * rows `stride` apart. [any] */
void my_plugin_draw_character(uint32_t code_point, int64_t block, uint8_t* corner, int64_t stride);
