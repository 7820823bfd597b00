/* The glyph of a character that the font lacks: a box with its number in hexadecimal digits. */
#pragma once
#include "font.h"

/* 16 pixels wide; two rows of two digits, beyond U+FFFF of three. [any] */
struct bitmap_glyph bitmap_missing_glyph(uint32_t character);
