// See settings.h.
#include "settings.h"

#include <cstdlib>

namespace welt::freetype {
namespace {

constexpr std::int64_t largest_block = 1024, largest_font = 1024, widest = 1 << 20;
constexpr std::int64_t largest_cache = 4096;
constexpr std::int64_t most_pixels = 1 << 26;  // of one image; the host takes no more

// Where Debian and other systems put the Noto fonts.
std::vector<std::string> usual_folders() {
  std::vector<std::string> folders = {"/usr/share/fonts/truetype/noto", "/usr/share/fonts/opentype/noto",
                                      "/usr/share/fonts/noto",          "/usr/share/fonts/noto-cjk",
                                      "/usr/share/fonts/google-noto",   "/usr/share/fonts/google-noto-cjk",
                                      "/usr/local/share/fonts"};
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    folders.push_back(std::string(home) + "/.local/share/fonts");
  }
  return folders;
}

}  // namespace

sdk::Schema settings_schema() {
  using namespace sdk;
  return {
      integer("block", 16, "height of every image, and what its width is a multiple of; pixels")
          .range(1, largest_block),
      integer("font_px", 12, "size of the font's em square; pixels").range(4, largest_font),
      integer("max_width", 32768,
              "widest image; pixels. Of a wider word the beginning is drawn (right-to-left text: its right end)")
          .range(1, widest),
      list("fonts",
           "font files (FILE or FILE#FACE) and folders of them, in fallback order; null: the Noto fonts of the "
           "plugin's manifest"),
      list("font_folders", "folders in which the manifest's fonts are looked for; null: the system's usual ones"),
      list("order", "beginnings of font file names that come before all others, e.g. [\"NotoSansCJK\"]"),
      text("sign_fonts", "", "folder of Sutton's fonts, which draw signs of SignWriting; empty: where setup puts them"),
      boolean("reference_compatible", false,
              "of the manifest, only the 32 fonts that the Python renderer was measured with: no emoji, fewer scripts"),
      integer("cache_mb", 4, "pictures of glyphs that each thread keeps, the last used ones; 2^20 bytes")
          .range(1, largest_cache)};
}

Settings read_settings(const sdk::Config& config) {
  Settings out;
  out.block = config.get_int("block", out.block);
  out.font_px = config.get_int("font_px", out.font_px);
  out.max_width = config.get_int("max_width", out.max_width);
  out.fonts = config.get_strings("fonts");
  out.font_folders = config.get_strings("font_folders");
  out.order = config.get_strings("order");
  out.sign_fonts = config.get_string("sign_fonts", "");
  out.reference_compatible = config.get_bool("reference_compatible", out.reference_compatible);
  out.cache_mb = config.get_int("cache_mb", out.cache_mb);
  if (out.font_folders.empty()) out.font_folders = usual_folders();

  const auto check = [](const char* key, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) return;
    throw sdk::invalid(std::string(key) + " is " + std::to_string(value) + "; expected " + std::to_string(low) +
                           " to " + std::to_string(high),
                       key);
  };
  check("block", out.block, 1, largest_block);
  check("font_px", out.font_px, 4, largest_font);
  check("cache_mb", out.cache_mb, 1, largest_cache);
  check("max_width", out.max_width, out.block, std::min(widest, most_pixels / out.block));
  out.max_width -= out.max_width % out.block;
  return out;
}

}  // namespace welt::freetype
