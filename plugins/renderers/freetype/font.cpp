// See font.h.
#include "font.h"

#include <hb-ot.h>

#include FT_MODULE_H

#include <algorithm>
#include <welt/sdk/base.hpp>

namespace welt::freetype {
namespace {

[[noreturn]] void refuse(const FontFile& file, const std::string& reason) {
  throw sdk::Failure(
      WELT_DATA_LOSS,
      "font " + file.path + " (face " + std::to_string(file.face) + "): " + reason +
          "; expected a scalable TrueType or OpenType font. Install it again, or leave it out of \"fonts\"",
      "fonts");
}

FtFace open_face(const FontFile& file, std::int64_t font_px, FT_Library library) {
  const auto bytes = file.mapping->bytes();
  FT_Face raw = nullptr;
  const FT_Error status = FT_New_Memory_Face(library, reinterpret_cast<const FT_Byte*>(bytes.data()),
                                             static_cast<FT_Long>(bytes.size()), static_cast<FT_Long>(file.face), &raw);
  if (status != 0) refuse(file, "FreeType cannot read it (error " + std::to_string(status) + ")");
  FtFace face(raw);
  if (!FT_IS_SCALABLE(raw) || raw->units_per_EM < 16) refuse(file, "it has no outlines");
  const auto size = static_cast<FT_F26Dot6>(font_px * 64);
  if (FT_Set_Char_Size(raw, size, size, 0, 0) != 0) refuse(file, "FreeType cannot scale it");
  return face;
}

}  // namespace

FtLibrary open_freetype() {
  FT_Library raw = nullptr;
  if (FT_Init_FreeType(&raw) != 0) throw sdk::Failure(WELT_INTERNAL, "FreeType cannot be started");
  FtLibrary library(raw);
  FT_Bool plain = 1;  // FREETYPE_PROPERTIES in the environment could ask for thicker stems
  for (const char* driver : {"cff", "type1", "t1cid"}) FT_Property_Set(raw, driver, "no-stem-darkening", &plain);
  return library;
}

Font::Font(FontFile file, std::int64_t font_px, FT_Library library) : file_(std::move(file)), font_px_(font_px) {
  const FtFace freetype = open(library);
  const auto bytes = file_.mapping->bytes();
  const HbBlob blob(hb_blob_create(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()),
                                   HB_MEMORY_MODE_READONLY, nullptr, nullptr));
  face_.reset(hb_face_create(blob.get(), file_.face));
  if (hb_face_get_glyph_count(face_.get()) == 0) refuse(file_, "HarfBuzz finds no glyphs in it");
  characters_.reset(hb_set_create());
  hb_face_collect_unicodes(face_.get(), characters_.get());
  if (hb_set_is_empty(characters_.get()) != 0) refuse(file_, "no character has a glyph in it");
  // A damaged font may say anything.
  const auto pixels = [&](FT_Pos length) {
    return static_cast<std::int32_t>(std::clamp<FT_Pos>((length + 63) >> 6, 0, 16 * font_px));
  };
  ascent_ = pixels(freetype->size->metrics.ascender);
  descent_ = pixels(-freetype->size->metrics.descender);

  shaper_.reset(hb_font_create(face_.get()));
  const int scale = static_cast<int>(font_px * unit);
  hb_font_set_scale(shaper_.get(), scale, scale);
  hb_face_make_immutable(face_.get());
  hb_font_make_immutable(shaper_.get());
}

FtFace Font::open(FT_Library library) const { return open_face(file_, font_px_, library); }

}  // namespace welt::freetype
