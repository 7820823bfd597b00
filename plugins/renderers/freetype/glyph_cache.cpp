// See glyph_cache.h.
#include "glyph_cache.h"

#include <utility>

namespace welt::freetype {

GlyphCache::GlyphCache(const FontSet& fonts, std::size_t budget)
    : fonts_(fonts), budget_(budget), library_(open_freetype()), fonts_open_(fonts.size()) {}

const GlyphPicture& GlyphCache::get(std::uint32_t font, std::uint32_t glyph) {
  OpenFont& open = opened(font);
  if (glyph >= open.kept.size()) return nothing_;
  std::uint32_t index = open.kept[glyph];
  if (index == nobody) {
    index = keep({.picture = draw_glyph(fonts_[font], open.face.get(), glyph), .font = font, .glyph = glyph});
    open.kept[glyph] = index;
  } else if (index != newest_) {
    unlink(index);
    link_newest(index);
  }
  return kept_[index].picture;
}

GlyphCache::OpenFont& GlyphCache::opened(std::uint32_t font) {
  OpenFont& open = fonts_open_[font];
  if (open.face == nullptr) {
    open.face = fonts_[font].open(library_.get());
    open.kept.assign(fonts_[font].glyph_count(), nobody);
  }
  return open;
}

std::uint32_t GlyphCache::keep(Kept entry) {
  bytes_ += entry.bytes();
  while (bytes_ > budget_ && oldest_ != nobody) drop_oldest();
  std::uint32_t index = static_cast<std::uint32_t>(kept_.size());
  if (free_.empty()) {
    kept_.push_back(std::move(entry));
  } else {
    index = free_.back();
    free_.pop_back();
    kept_[index] = std::move(entry);
  }
  link_newest(index);
  return index;
}

void GlyphCache::link_newest(std::uint32_t index) {
  kept_[index].newer = nobody;
  kept_[index].older = newest_;
  if (newest_ != nobody) kept_[newest_].newer = index;
  newest_ = index;
  if (oldest_ == nobody) oldest_ = index;
}

void GlyphCache::unlink(std::uint32_t index) {
  const auto [newer, older] = std::pair(kept_[index].newer, kept_[index].older);
  (newer == nobody ? newest_ : kept_[newer].older) = older;
  (older == nobody ? oldest_ : kept_[older].newer) = newer;
}

void GlyphCache::drop_oldest() {
  const std::uint32_t index = oldest_;
  unlink(index);
  Kept& entry = kept_[index];
  bytes_ -= entry.bytes();
  fonts_open_[entry.font].kept[entry.glyph] = nobody;
  entry.picture = {};
  free_.push_back(index);
}

}  // namespace welt::freetype
