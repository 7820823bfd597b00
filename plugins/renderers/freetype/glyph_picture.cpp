// See glyph_picture.h.
#include "glyph_picture.h"

#include FT_COLOR_H
#include FT_OUTLINE_H

#include <algorithm>
#include <array>
#include <optional>

#include "grey.h"

namespace welt::freetype {
namespace {

constexpr FT_Pos most_pixels = FT_Pos{1} << 26;
constexpr std::uint32_t most_layers = 1024;  // of a colour glyph; a damaged font may name 65,535
constexpr int most_parts = 4096;  // of a glyph made of others, and these of others; a damaged font's may never end

// Takes a glyph and all that it is made of from `left`; false when they are more.
bool has_few_parts(FT_Face face, FT_UInt glyph, int& left) {
  if (--left < 0) return false;
  if (FT_Load_Glyph(face, glyph, FT_LOAD_NO_RECURSE) != 0 || face->glyph->format != FT_GLYPH_FORMAT_COMPOSITE)
    return true;
  std::vector<FT_UInt> parts(face->glyph->num_subglyphs);
  for (FT_UInt i = 0; i < parts.size(); ++i) {
    FT_Int index = 0, x = 0, y = 0;
    FT_UInt flags = 0;
    FT_Matrix matrix;
    if (FT_Get_SubGlyph_Info(face->glyph, i, &index, &flags, &x, &y, &matrix) != 0) return true;
    parts[i] = static_cast<FT_UInt>(index);
  }
  return std::ranges::all_of(parts, [&](FT_UInt part) { return has_few_parts(face, part, left); });
}

// Into the face's slot; false when it cannot be read.
bool load(const Font& font, FT_Face face, FT_UInt glyph) {
  int left = most_parts;
  if (font.kind() != FontKind::bitmaps && !has_few_parts(face, glyph, left)) return false;
  return FT_Load_Glyph(face, glyph, font.load_flags()) == 0;
}

// Coverage of the glyph that is loaded in the face's slot; nothing when it has no outline, or too large a one.
std::optional<GlyphPicture> coverage_of(FT_Face face) {
  const FT_GlyphSlot slot = face->glyph;
  if (slot->format != FT_GLYPH_FORMAT_OUTLINE) return std::nullopt;
  FT_BBox box;
  FT_Outline_Get_CBox(&slot->outline, &box);
  const FT_Pos largest = FT_Pos{64} * 64 * face->size->metrics.y_ppem;
  const FT_Pos width = box.xMax - box.xMin, height = box.yMax - box.yMin;
  if (width > largest || height > largest || (width >> 6) * (height >> 6) > most_pixels) return std::nullopt;
  GlyphPicture picture{.advance = static_cast<std::int32_t>((slot->advance.x + 32) >> 6), .ink = {}};
  if (FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL) != 0) return picture;
  const FT_Bitmap& bitmap = slot->bitmap;
  if (bitmap.pixel_mode != FT_PIXEL_MODE_GRAY || bitmap.width == 0 || bitmap.rows == 0) return picture;
  picture.left = slot->bitmap_left;
  picture.top = slot->bitmap_top;
  picture.width = bitmap.width;
  picture.height = bitmap.rows;
  picture.ink.reserve(std::size_t{bitmap.width} * bitmap.rows);
  for (unsigned row = 0; row < bitmap.rows; ++row) {
    const std::uint8_t* from = bitmap.buffer + static_cast<std::ptrdiff_t>(row) * bitmap.pitch;
    picture.ink.insert(picture.ink.end(), from, from + bitmap.width);
  }
  return picture;
}

// A colour layer: where it covers, and the grey of its colour.
struct Layer {
  GlyphPicture coverage;
  std::uint8_t grey, alpha;
};

// The layers of a COLR glyph from the lowest up; none when it has none.
std::vector<Layer> layers_of(const Font& font, FT_Face face, std::uint32_t glyph) {
  FT_Color* palette = nullptr;
  FT_Palette_Data data{};
  if (FT_Palette_Data_Get(face, &data) != 0 || FT_Palette_Select(face, 0, &palette) != 0) return {};
  std::vector<Layer> layers;
  FT_LayerIterator iterator{};
  FT_UInt layer = 0, colour = 0;
  while (FT_Get_Color_Glyph_Layer(face, glyph, &layer, &colour, &iterator) != 0 && layers.size() < most_layers) {
    Layer out{.coverage = {}, .grey = 0, .alpha = 255};  // 0xFFFF: the text's own colour, black
    if (colour != 0xFFFF) {
      if (palette == nullptr || colour >= data.num_palette_entries) continue;
      out.grey = luminance(palette[colour].red, palette[colour].green, palette[colour].blue);
      out.alpha = palette[colour].alpha;
    }
    if (!load(font, face, layer)) continue;
    if (auto coverage = coverage_of(face)) out.coverage = std::move(*coverage);
    layers.push_back(std::move(out));
  }
  return layers;
}

// One layer above the other on white paper.
GlyphPicture flatten(const std::vector<Layer>& layers) {
  std::int32_t left = INT32_MAX, top = INT32_MIN, right = INT32_MIN, bottom = INT32_MAX;
  for (const auto& [part, grey, alpha] : layers) {
    if (part.ink.empty()) continue;
    left = std::min(left, part.left);
    top = std::max(top, part.top);
    right = std::max(right, part.left + static_cast<std::int32_t>(part.width));
    bottom = std::min(bottom, part.top - static_cast<std::int32_t>(part.height));
  }
  GlyphPicture out;
  if (left >= right || (FT_Pos{right} - left) * (FT_Pos{top} - bottom) > most_pixels) return out;
  out.left = left;
  out.top = top;
  out.width = static_cast<std::uint32_t>(right - left);
  out.height = static_cast<std::uint32_t>(top - bottom);
  out.ink.assign(std::size_t{out.width} * out.height, 0);
  for (const auto& [part, grey, alpha] : layers) {
    for (std::uint32_t y = 0; y < part.height; ++y) {
      const std::size_t row = static_cast<std::size_t>(top - part.top) + y;
      std::uint8_t* to = out.ink.data() + row * out.width + (part.left - left);
      const std::uint8_t* from = part.ink.data() + std::size_t{y} * part.width;
      for (std::uint32_t x = 0; x < part.width; ++x) {
        to[x] = mix(divide_by_255(from[x] * alpha), to[x], static_cast<std::uint8_t>(255 - grey));
      }
    }
  }
  return out;
}

// Source pixels that fall on the pixels [first, first + count) of one side, scaled by px / ppem from the origin.
struct Scaled {
  std::int64_t first, count;
};
Scaled scaled(std::int64_t from, std::int64_t size, std::int64_t px, std::int64_t ppem) {
  const auto floor = [&](std::int64_t a) { return a >= 0 ? a / ppem : -((-a + ppem - 1) / ppem); };
  const std::int64_t first = floor(from * px);
  return {first, -floor(-(from + size) * px) - first};
}

// By area: a pixel is the mean of what it covers of the bitmap, weighed in whole numbers (one side of a source pixel is
// `px` units long, one of ours `ppem`); what is beside the bitmap is white.
GlyphPicture scale(const FT_Bitmap& bitmap, std::int64_t left, std::int64_t top, std::int64_t px, std::int64_t ppem) {
  const std::int64_t width = bitmap.width, height = bitmap.rows;
  const Scaled across = scaled(left, width, px, ppem), down = scaled(-top, height, px, ppem);
  if (across.count * down.count > most_pixels) return {};
  GlyphPicture out{.left = static_cast<std::int32_t>(across.first),
                   .top = static_cast<std::int32_t>(-down.first),
                   .width = static_cast<std::uint32_t>(across.count),
                   .height = static_cast<std::uint32_t>(down.count),
                   .ink = {}};
  const std::int64_t area = ppem * ppem;
  for (std::int64_t row = down.first; row < down.first + down.count; ++row) {
    const std::int64_t above = row * ppem + top * px;  // units from the bitmap's upper edge
    for (std::int64_t column = across.first; column < across.first + across.count; ++column) {
      const std::int64_t before = column * ppem - left * px;
      std::array<std::int64_t, 4> sum{};  // blue, green, red, alpha; colours are multiplied by alpha
      for (std::int64_t y = std::max<std::int64_t>(above, 0) / px; y < height && y * px < above + ppem; ++y) {
        const std::int64_t high = std::min((y + 1) * px, above + ppem) - std::max(y * px, above);
        const std::uint8_t* from = bitmap.buffer + y * bitmap.pitch;
        for (std::int64_t x = std::max<std::int64_t>(before, 0) / px; x < width && x * px < before + ppem; ++x) {
          const std::int64_t wide = std::min((x + 1) * px, before + ppem) - std::max(x * px, before);
          for (std::size_t c = 0; c < 4; ++c) sum[c] += high * wide * from[4 * x + static_cast<std::int64_t>(c)];
        }
      }
      const auto on_white = [&](std::size_t c) {
        const std::int64_t value = (sum[c] + 255 * area - sum[3] + area / 2) / area;
        return static_cast<std::uint8_t>(std::clamp<std::int64_t>(value, 0, 255));  // a damaged font: above its alpha
      };
      out.ink.push_back(static_cast<std::uint8_t>(255 - luminance(on_white(2), on_white(1), on_white(0))));
    }
  }
  return out;
}

}  // namespace

GlyphPicture draw_glyph(const Font& font, FT_Face face, std::uint32_t glyph) {
  if (font.kind() == FontKind::layers) {
    const std::vector<Layer> layers = layers_of(font, face, glyph);
    if (!layers.empty()) return flatten(layers);
  }
  if (!load(font, face, glyph)) return {};
  const FT_GlyphSlot slot = face->glyph;
  if (font.kind() != FontKind::bitmaps) return coverage_of(face).value_or(GlyphPicture{});
  if (slot->format != FT_GLYPH_FORMAT_BITMAP || slot->bitmap.pixel_mode != FT_PIXEL_MODE_BGRA) return {};
  return scale(slot->bitmap, slot->bitmap_left, slot->bitmap_top, font.px(), face->size->metrics.y_ppem);
}

}  // namespace welt::freetype
