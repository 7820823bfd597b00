// See font.h.
#include "font.h"

#include <hb-ot.h>
#include <welt/abi/log.h>
#include <welt/common/file_kind.h>

#include FT_COLOR_H
#include FT_MODULE_H
#include FT_TRUETYPE_TABLES_H

#include <algorithm>
#include <welt/sdk/base.hpp>

namespace welt::freetype {
namespace {

constexpr std::int64_t sign_px = 30;  // SignWriting's coordinates are pixels at this size

std::string name_of(const FontFile& file) { return "font " + file.path + " (face " + std::to_string(file.face) + ")"; }

[[noreturn]] void refuse(const FontFile& file, const std::string& reason,
                         const std::string& mend = "Install it again, or leave it out of \"fonts\"") {
  throw sdk::Failure(WELT_DATA_LOSS,
                     name_of(file) + ": " + reason + "; expected a TrueType or OpenType font with outlines, or with " +
                         "colour bitmaps (CBDT). " + mend,
                     "fonts");
}

bool has_table(FT_Face face, FT_ULong tag) {
  FT_ULong size = 0;
  return FT_Load_Sfnt_Table(face, tag, 0, nullptr, &size) == 0 && size > 0;
}

FontKind kind_of(const FontFile& file, FT_Face face) {
  if (file.group == FontGroup::sign) return FontKind::hinted;
  if (!FT_IS_SCALABLE(face)) return FontKind::bitmaps;
  return FT_HAS_COLOR(face) && has_table(face, FT_MAKE_TAG('C', 'O', 'L', 'R')) ? FontKind::layers : FontKind::outlines;
}

// The glyphs that the table COLR has a version 1 paint graph for: FreeType may be built without support for these, so
// the list is read here. Its place is 14 bytes into the table; it has a count and six bytes for each glyph.
HbSet paint_graphs(hb_face_t* face) {
  HbSet glyphs(hb_set_create());
  const HbBlob table(hb_face_reference_table(face, HB_TAG('C', 'O', 'L', 'R')));
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(hb_blob_get_data(table.get(), &size));
  const auto number = [&](std::uint64_t at, unsigned length) {
    std::uint64_t value = 0;
    for (; length > 0 && at < size; --length) value = value << 8 | bytes[at++];
    return value;
  };
  if (size < 34 || number(0, 2) < 1) return glyphs;
  const std::uint64_t list = number(14, 4);
  for (std::uint64_t i = 0; list != 0 && i < number(list, 4) && list + 4 + 6 * i < size; ++i) {
    hb_set_add(glyphs.get(), static_cast<hb_codepoint_t>(number(list + 4 + 6 * i, 2)));
  }
  return glyphs;
}

// The smallest bitmaps that are as large as wanted, else the largest.
FT_Int best_strike(FT_Face face, std::int64_t px) {
  const auto rank = [&](FT_Int strike) {
    const FT_Pos ppem = face->available_sizes[strike].y_ppem >> 6;
    return ppem >= px ? ppem : FT_Pos{0x10000} - ppem;
  };
  FT_Int best = 0;
  for (FT_Int strike = 1; strike < face->num_fixed_sizes; ++strike) {
    if (rank(strike) < rank(best)) best = strike;
  }
  return best;
}

FtFace open_unsized(const FontFile& file, FT_Library library) {
  const auto bytes = file.mapping->bytes();
  FT_Face raw = nullptr;
  const FT_Error status = FT_New_Memory_Face(library, reinterpret_cast<const FT_Byte*>(bytes.data()),
                                             static_cast<FT_Long>(bytes.size()), static_cast<FT_Long>(file.face), &raw);
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), file_head));
  if (const FileKind* kind = status == 0 ? nullptr : file_kind(head))
    refuse(file, "it is " + std::string(kind->name), std::string(kind->mend));
  if (status != 0) refuse(file, "FreeType cannot read it (error " + std::to_string(status) + ")");
  return FtFace(raw);
}

void set_size(const FontFile& file, FT_Face face, std::int64_t px) {
  if (FT_IS_SCALABLE(face)) {
    if (face->units_per_EM < 16) refuse(file, "it has no outlines");
    const auto size = static_cast<FT_F26Dot6>(px * 64);
    if (FT_Set_Char_Size(face, size, size, 0, 0) != 0) refuse(file, "FreeType cannot scale it");
  } else {
    if (!FT_HAS_COLOR(face) || face->num_fixed_sizes < 1) refuse(file, "it has no outlines");
    if (FT_Select_Size(face, best_strike(face, px)) != 0 || face->size->metrics.y_ppem < 1) {
      refuse(file, "FreeType cannot find the size of its bitmaps");
    }
  }
}

}  // namespace

FtLibrary open_freetype() {
  FT_Library raw = nullptr;
  if (FT_Init_FreeType(&raw) != 0) throw sdk::Failure(WELT_INTERNAL, "FreeType cannot be started");
  FtLibrary library(raw);
  FT_Bool plain = 1;  // FREETYPE_PROPERTIES in the environment could ask for thicker stems
  for (const char* driver : {"cff", "type1", "t1cid", "autofitter"}) {
    FT_Property_Set(raw, driver, "no-stem-darkening", &plain);
  }
  return library;
}

Font::Font(FontFile file, std::int64_t font_px, FT_Library library) : file_(std::move(file)) {
  const FtFace freetype = open_unsized(file_, library);
  kind_ = kind_of(file_, freetype.get());
  px_ = is_for_signs() ? sign_px : font_px;
  set_size(file_, freetype.get(), px_);
  const auto bytes = file_.mapping->bytes();
  const HbBlob blob(hb_blob_create(reinterpret_cast<const char*>(bytes.data()), static_cast<unsigned>(bytes.size()),
                                   HB_MEMORY_MODE_READONLY, nullptr, nullptr));
  face_.reset(hb_face_create(blob.get(), file_.face));
  if (hb_face_get_glyph_count(face_.get()) == 0) refuse(file_, "HarfBuzz finds no glyphs in it");
  shaper_.reset(hb_font_create(face_.get()));
  const int scale = static_cast<int>(px_ * unit);
  hb_font_set_scale(shaper_.get(), scale, scale);
  characters_.reset(hb_set_create());
  hb_face_collect_unicodes(face_.get(), characters_.get());
  if (kind_ == FontKind::bitmaps) check_bitmaps(freetype.get());
  if (kind_ == FontKind::layers) leave_out_paint_graphs(freetype.get());
  if (hb_set_is_empty(characters_.get()) != 0) refuse(file_, "no character has a glyph in it");

  // Bitmaps have lines as high as the font says for its em square, at any size. A damaged font may say anything.
  FT_Pos above = freetype->size->metrics.ascender, below = -freetype->size->metrics.descender;
  if (kind_ == FontKind::bitmaps) {
    hb_font_extents_t extents{};
    hb_font_get_h_extents(shaper_.get(), &extents);
    above = extents.ascender / (unit / 64);
    below = -(extents.descender / (unit / 64));
  }
  const auto pixels = [&](FT_Pos length) {
    return static_cast<std::int32_t>(std::clamp<FT_Pos>((length + 63) >> 6, 0, 16 * px_));
  };
  ascent_ = pixels(above);
  descent_ = pixels(below);
  hb_face_make_immutable(face_.get());
  hb_font_make_immutable(shaper_.get());
}

// One picture tells whether FreeType can read them: a FreeType without libpng cannot.
void Font::check_bitmaps(FT_Face face) const {
  FT_Error status = 0;
  for (hb_codepoint_t c = HB_SET_VALUE_INVALID; hb_set_next(characters_.get(), &c) != 0;) {
    const FT_Error error = FT_Load_Glyph(face, glyph_of(c), load_flags());
    if (error == 0 && face->glyph->bitmap.pixel_mode == FT_PIXEL_MODE_BGRA) return;
    if (error != 0) status = error;
    if (FT_ERROR_BASE(error) == FT_Err_Unimplemented_Feature) {
      refuse(file_, "its pictures are PNG files, which this FreeType cannot read",
             "Install a FreeType that was built with libpng (Debian's libfreetype6 is), or leave the font out");
    }
  }
  refuse(file_, "FreeType can read none of its pictures (error " + std::to_string(status) + ")");
}

// COLR version 1 is a program of gradients, transformations and blend modes, which is not drawn here; without it such
// fonts have empty outlines.
void Font::leave_out_paint_graphs(FT_Face face) {
  graphs_ = paint_graphs(face_.get());
  unsigned left_out = 0;
  for (hb_codepoint_t c = HB_SET_VALUE_INVALID; hb_set_next(characters_.get(), &c) != 0;) {
    const std::uint32_t glyph = glyph_of(c);
    FT_UInt layer = 0, colour = 0;
    FT_LayerIterator iterator{};
    if (hb_set_has(graphs_.get(), glyph) == 0) continue;
    if (FT_Get_Color_Glyph_Layer(face, glyph, &layer, &colour, &iterator) != 0) {  // version 0 has it too
      hb_set_del(graphs_.get(), glyph);
      continue;
    }
    hb_set_del(characters_.get(), c);
    ++left_out;
  }
  if (left_out == 0) return;
  sdk::log(WELT_LOG_WARNING, name_of(file_) + ": " + std::to_string(left_out) +
                                 " characters are pictures of COLR version 1, which this renderer does not draw; they "
                                 "come from the next font that has them, or are boxes");
}

FT_Int32 Font::load_flags() const {
  switch (kind_) {
    case FontKind::bitmaps:
      return FT_LOAD_COLOR;
    case FontKind::hinted:
      return FT_LOAD_FORCE_AUTOHINT | FT_LOAD_NO_BITMAP | FT_LOAD_TARGET_NORMAL;
    default:
      return FT_LOAD_NO_HINTING | FT_LOAD_NO_AUTOHINT | FT_LOAD_NO_BITMAP | FT_LOAD_TARGET_NORMAL;
  }
}

std::uint32_t Font::glyph_of(char32_t character) const {
  hb_codepoint_t glyph = 0;
  return hb_font_get_nominal_glyph(shaper_.get(), character, &glyph) != 0 ? glyph : 0;
}

FtFace Font::open(FT_Library library) const {
  FtFace face = open_unsized(file_, library);
  set_size(file_, face.get(), px_);
  return face;
}

}  // namespace welt::freetype
