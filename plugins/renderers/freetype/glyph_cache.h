// Glyphs as pictures: FreeType's outlines, unhinted, as grey coverage. One per thread; what it returns does not depend
// on what was asked before.
#pragma once

#include <cstdint>
#include <vector>

#include "font_set.h"
#include "paper.h"

namespace welt::freetype {

class GlyphCache {
 public:
  explicit GlyphCache(const FontSet& fonts);

  // Draws glyph `glyph` of font `font` with its origin at pixel (x, y). A glyph that FreeType cannot read (damaged
  // font) or that is more than 64 em wide or high leaves nothing.
  void draw(const Paper& paper, std::uint32_t font, std::uint32_t glyph, std::int64_t x, std::int64_t y);

 private:
  struct Picture {
    std::int32_t left, top;  // of the left upper pixel, from the origin; top counts upwards
    std::uint32_t width, height;
    std::size_t offset;  // of its pixels in ink_
  };
  struct OpenFont {
    FtFace face;
    std::vector<std::uint32_t> pictures;  // by glyph: 1 + index in pictures_, 0: not drawn yet
  };

  OpenFont& opened(std::uint32_t font);
  Picture rasterise(FT_Face face, std::uint32_t glyph);
  void forget();

  const FontSet& fonts_;
  FtLibrary library_;                 // before the faces: they are closed first
  std::vector<OpenFont> fonts_open_;  // by font; opened at the first glyph
  std::vector<Picture> pictures_;
  std::vector<std::uint8_t> ink_;
};

}  // namespace welt::freetype
