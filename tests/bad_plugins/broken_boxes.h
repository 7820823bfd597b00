/* What a bad renderer is made of: it defines one of these, includes this file, and is boxes.c for the rest. The code
 * runs at the beginning of the function that it is named for, or at its end. */
#define _GNU_SOURCE
#define BOXES_ARE_BROKEN
#ifndef AT_RENDER
#define AT_RENDER
#endif
#ifndef AT_RELEASE
#define AT_RELEASE
#endif
#ifndef AT_ILL_FORMED
#define AT_ILL_FORMED
#endif
#ifndef AT_FINGERPRINT
#define AT_FINGERPRINT
#endif
#ifndef EXTRA_WIDTH
#define EXTRA_WIDTH 0
#endif
#ifndef DRAWN_WIDTH
#define DRAWN_WIDTH width
#endif
#ifndef INK
#define INK (unsigned char)word.data[letter]
#endif
#ifndef CHARACTERS
#define CHARACTERS(word, at) character(word, at)
#endif
#ifndef GLYPH
#define GLYPH (unsigned char)word.data[at]
#endif
#ifndef LISTED
#define LISTED capacity
#endif
#ifndef NUMBER
#define NUMBER 1
#endif
#include "boxes.c"
