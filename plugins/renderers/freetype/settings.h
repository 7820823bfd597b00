// The configuration keys of the renderer "freetype", and their values checked against each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <welt/sdk/fields.hpp>

namespace welt::freetype {

struct Settings : sdk::Fields {
  explicit Settings(const sdk::Source& source);  // max_width becomes a multiple of block
  std::int64_t block =
      integer("block", 16, "height of every image, and what its width is a multiple of; pixels").range(1, 1024);
  std::int64_t font_px = integer("font_px", 12, "size of the font's em square; pixels").range(4, 1024);
  std::int64_t max_width =
      integer("max_width", 32768,
              "widest image; pixels. Of a wider word the beginning is drawn (right-to-left text: its right end)")
          .range(1, 1 << 20);
  std::vector<std::string> fonts =
      texts("fonts", sdk::null,
            "font files (FILE or FILE#FACE) and folders of them, in fallback order; null: the Noto fonts of the "
            "plugin's manifest")
          .value_or({});
  std::vector<std::string> font_folders =
      texts("font_folders", sdk::null,
            "folders in which the manifest's fonts are looked for; null: the system's usual ones")
          .value_or({});
  std::vector<std::string> order =  // names that go before all others
      texts("order", sdk::null, "beginnings of font file names that come before all others, e.g. [\"NotoSansCJK\"]")
          .value_or({});
  std::string sign_fonts =
      text("sign_fonts", "", "folder of Sutton's fonts, which draw signs of SignWriting; empty: where setup puts them");
  bool reference_compatible =
      boolean("reference_compatible", false,
              "of the manifest, only the 32 fonts that the Python renderer was measured with: no emoji, fewer scripts");
  std::int64_t cache_mb =
      integer("cache_mb", 4, "pictures of glyphs that each thread keeps, the last used ones; 2^20 bytes")
          .range(1, 4096);
};

}  // namespace welt::freetype
