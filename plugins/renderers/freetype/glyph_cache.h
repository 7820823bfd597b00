// The pictures of glyphs that were drawn last, as many as a budget of bytes allows. One per thread; a picture does not
// depend on what was asked before.
#pragma once

#include <cstdint>
#include <vector>

#include "font_set.h"
#include "glyph_picture.h"

namespace welt::freetype {

class GlyphCache {
 public:
  // `budget`: bytes of pictures and their records; the picture asked for last stays whatever its size.
  GlyphCache(const FontSet& fonts, std::size_t budget);

  // Valid until the next call. Empty for a glyph that the font does not have.
  const GlyphPicture& get(std::uint32_t font, std::uint32_t glyph);

 private:
  static constexpr std::uint32_t nobody = UINT32_MAX;
  // Kept pictures are a list from the newest to the oldest use, through their indices in kept_.
  struct Kept {
    GlyphPicture picture;
    std::uint32_t font, glyph;
    std::uint32_t newer = nobody, older = nobody;
    std::size_t bytes() const { return sizeof(Kept) + picture.ink.size(); }
  };
  struct OpenFont {
    FtFace face;
    std::vector<std::uint32_t> kept;  // by glyph: index in kept_, or nobody
  };

  OpenFont& opened(std::uint32_t font);
  std::uint32_t keep(Kept entry);
  void link_newest(std::uint32_t index);
  void unlink(std::uint32_t index);
  void drop_oldest();

  const FontSet& fonts_;
  const std::size_t budget_;
  const GlyphPicture nothing_;
  FtLibrary library_;                 // before the faces: they are closed first
  std::vector<OpenFont> fonts_open_;  // by font; opened at the first glyph
  std::vector<Kept> kept_;
  std::vector<std::uint32_t> free_;  // indices in kept_ that were dropped
  std::uint32_t newest_ = nobody, oldest_ = nobody;
  std::size_t bytes_ = 0;
};

}  // namespace welt::freetype
