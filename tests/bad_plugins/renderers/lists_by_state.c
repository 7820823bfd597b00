/* Its glyphs depend on how many states were made before. */
#define GLYPH (uint32_t)(state->number)
#include "../broken_boxes.h"
