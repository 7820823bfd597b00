// One glyph as a picture of its ink: outlines as grey coverage, colour layers and colour bitmaps as the grey of their
// colours on white paper. In whole numbers: the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "font.h"

namespace welt::freetype {

struct GlyphPicture {
  std::int32_t left = 0, top = 0;  // of the left upper pixel, from the origin; top counts upwards
  std::uint32_t width = 0, height = 0;
  std::int32_t advance = 0;       // as FreeType has it, rounded to pixels
  std::vector<std::uint8_t> ink;  // height × width, 0 (none) to 255
};

// `face` is what font.open() gave. A glyph that FreeType cannot read (damaged font), that is made of more than 4,096
// others, is more than 64 em wide or high, or has more than 2^26 pixels, is an empty picture.
GlyphPicture draw_glyph(const Font& font, FT_Face face, std::uint32_t glyph);

}  // namespace welt::freetype
