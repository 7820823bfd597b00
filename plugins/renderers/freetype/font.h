// One font at the size of the settings, as far as layout needs it: characters, advances, line metrics, shaping.
// Drawing is glyph_picture.h's. Immutable once made: any thread.
#pragma once

#include <ft2build.h>
#include FT_FREETYPE_H
#include <hb.h>

#include <cstdint>
#include <memory>

#include "font_files.h"

namespace welt::freetype {

// Lengths of layout are whole numbers of 1/1024 pixel, as in Pango.
inline constexpr std::int32_t unit = 1024;
constexpr std::int64_t to_pixels(std::int64_t length) { return (length + unit / 2) >> 10; }  // rounded, halves up

// Makes T's unique_ptr call a C library's destroy function.
template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
using HbBlob = std::unique_ptr<hb_blob_t, Destroy<hb_blob_destroy>>;
using HbFace = std::unique_ptr<hb_face_t, Destroy<hb_face_destroy>>;
using HbFont = std::unique_ptr<hb_font_t, Destroy<hb_font_destroy>>;
using HbSet = std::unique_ptr<hb_set_t, Destroy<hb_set_destroy>>;
using HbBuffer = std::unique_ptr<hb_buffer_t, Destroy<hb_buffer_destroy>>;
using FtLibrary = std::unique_ptr<FT_LibraryRec_, Destroy<FT_Done_FreeType>>;
using FtFace = std::unique_ptr<FT_FaceRec_, Destroy<FT_Done_Face>>;

// A FreeType of one's own: not for two threads at once. Its properties do not depend on the environment.
FtLibrary open_freetype();

enum class FontKind {
  outlines,  // drawn unhinted
  hinted,    // SignWriting's symbols: fitted to pixels by FreeType's auto-hinter, as the Python renderer does
  layers,    // COLR version 0: outlines in colours
  bitmaps    // CBDT: colour pictures of one size
};

class Font {
 public:
  // Throws Failure naming the file when FreeType or HarfBuzz cannot read it, or it has neither outlines nor colour
  // pictures that FreeType can read. Characters that only COLR version 1 draws count as not there; the log says how
  // many.
  Font(FontFile file, std::int64_t font_px, FT_Library library);
  Font(const Font&) = delete;
  Font& operator=(const Font&) = delete;

  const FontFile& file() const { return file_; }
  FontKind kind() const { return kind_; }
  bool has_colours() const { return kind_ == FontKind::layers || kind_ == FontKind::bitmaps; }
  bool is_for_signs() const { return kind_ == FontKind::hinted; }
  std::int64_t px() const { return px_; }  // of the em square
  FT_Int32 load_flags() const;
  std::uint32_t glyph_count() const { return hb_face_get_glyph_count(face_.get()); }
  const hb_set_t* characters() const { return characters_.get(); }
  bool has(char32_t character) const { return hb_set_has(characters_.get(), character) != 0; }

  // Above and below the baseline, whole pixels (both positive): font units scaled, rounded up.
  std::int32_t ascent() const { return ascent_; }
  std::int32_t descent() const { return descent_; }

  // For hb_shape(): lengths in 1/1024 pixel, as the font has them.
  hb_font_t* shaper() const { return shaper_.get(); }

  // 0 when the font does not have the character.
  std::uint32_t glyph_of(char32_t character) const;

  // Whether there is nothing to draw the glyph by: it is not in the font, or only as a graph of COLR version 1.
  bool lacks(std::uint32_t glyph) const {
    return glyph == 0 || (graphs_ != nullptr && hb_set_has(graphs_.get(), glyph) != 0);
  }

  // Another FreeType face of the same bytes at the same size, for a state of its own.
  FtFace open(FT_Library library) const;

 private:
  void check_bitmaps(FT_Face face) const;
  void leave_out_paint_graphs(FT_Face face);

  FontFile file_;
  FontKind kind_;
  std::int64_t px_;
  HbFace face_;
  HbSet characters_, graphs_;  // graphs_: glyphs of COLR version 1; null in other fonts
  std::int32_t ascent_ = 0, descent_ = 0;
  HbFont shaper_;
};

}  // namespace welt::freetype
