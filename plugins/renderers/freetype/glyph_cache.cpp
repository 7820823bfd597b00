// See glyph_cache.h.
#include "glyph_cache.h"

#include FT_OUTLINE_H

#include <algorithm>

namespace welt::freetype {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 20;  // of pictures, before all are forgotten
constexpr std::int32_t load_flags =
    FT_LOAD_NO_HINTING | FT_LOAD_NO_AUTOHINT | FT_LOAD_NO_BITMAP | FT_LOAD_TARGET_NORMAL;

}  // namespace

GlyphCache::GlyphCache(const FontSet& fonts) : fonts_(fonts), library_(open_freetype()), fonts_open_(fonts.size()) {}

void GlyphCache::draw(const Paper& paper, std::uint32_t font, std::uint32_t glyph, std::int64_t x, std::int64_t y) {
  OpenFont& open = opened(font);
  if (glyph >= open.pictures.size()) return;
  if (open.pictures[glyph] == 0) {
    if (ink_.size() + pictures_.size() * sizeof(Picture) > most_bytes) forget();
    pictures_.push_back(rasterise(open.face.get(), glyph));
    open.pictures[glyph] = static_cast<std::uint32_t>(pictures_.size());
  }
  const Picture& picture = pictures_[open.pictures[glyph] - 1];
  paper.stamp(ink_.data() + picture.offset, picture.width, picture.height, x + picture.left, y - picture.top);
}

GlyphCache::OpenFont& GlyphCache::opened(std::uint32_t font) {
  OpenFont& open = fonts_open_[font];
  if (open.face == nullptr) {
    open.face = fonts_[font].open(library_.get());
    open.pictures.assign(fonts_[font].glyph_count(), 0);
  }
  return open;
}

void GlyphCache::forget() {
  for (OpenFont& open : fonts_open_) std::ranges::fill(open.pictures, 0);
  pictures_.clear();
  ink_.clear();
}

GlyphCache::Picture GlyphCache::rasterise(FT_Face face, std::uint32_t glyph) {
  const Picture nothing{0, 0, 0, 0, ink_.size()};
  if (FT_Load_Glyph(face, glyph, load_flags) != 0 || face->glyph->format != FT_GLYPH_FORMAT_OUTLINE) return nothing;
  FT_BBox box;
  FT_Outline_Get_CBox(&face->glyph->outline, &box);
  const FT_Pos largest = FT_Pos{64} * 64 * face->size->metrics.y_ppem;
  if (box.xMax - box.xMin > largest || box.yMax - box.yMin > largest) return nothing;
  if (FT_Render_Glyph(face->glyph, FT_RENDER_MODE_NORMAL) != 0) return nothing;
  const FT_Bitmap& bitmap = face->glyph->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || bitmap.width == 0 || bitmap.rows == 0) return nothing;
  for (unsigned row = 0; row < bitmap.rows; ++row) {
    const std::uint8_t* from = bitmap.buffer + static_cast<std::ptrdiff_t>(row) * bitmap.pitch;
    ink_.insert(ink_.end(), from, from + bitmap.width);
  }
  return {face->glyph->bitmap_left, face->glyph->bitmap_top, bitmap.width, bitmap.rows, nothing.offset};
}

}  // namespace welt::freetype
