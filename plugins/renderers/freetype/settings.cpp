// See settings.h.
#include "settings.h"

#include <algorithm>
#include <cstdlib>

namespace welt::freetype {
namespace {

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

Settings::Settings(const sdk::Source& source) : Fields(source) {
  if (font_folders.empty()) font_folders = usual_folders();
  const std::int64_t widest = std::min<std::int64_t>(1 << 20, most_pixels / block);
  if (max_width < block || max_width > widest) {
    throw sdk::invalid("max_width is " + std::to_string(max_width) + "; expected " + std::to_string(block) + " to " +
                           std::to_string(widest),
                       "max_width");
  }
  max_width -= max_width % block;
}

}  // namespace welt::freetype
