/* Reads GNU Unifont's text files into a font. They are hostile until proven otherwise: whatever is in them, they are
 * taken or refused, naming file and line.
 *
 *   unifont.hex              0041:0000000018242442427E424242420000       character, then 16 rows of 8 or 16 pixels
 *   plane00-combining.txt    0301:-8                                     a mark, and where it begins from the pen on
 *
 * Numbers are hexadecimal (a mark's place is decimal, -16 to 0). Empty lines and lines that begin with # are skipped.
 * Of several glyphs of one character the first counts. */
#pragma once
#include <welt/common/sha256.h>
#include "font.h"
#include "problem.h"

/* Each adds what the file holds to `font` and the file's bytes to `hash`. 0: refused, and `problem` says why; the font
 * may then hold a part of it. [any] */
int bitmap_read_glyphs(struct bitmap_font* font, const char* path, welt_sha256* hash, struct bitmap_problem* problem);
int bitmap_read_marks(struct bitmap_font* font, const char* path, welt_sha256* hash, struct bitmap_problem* problem);
