// See font_set.h.
#include "font_set.h"

#include <welt/abi/log.h>
#include <welt/sdk/base.hpp>

namespace welt::freetype {

FontSet::FontSet(const Settings& settings) {
  const bool from_manifest = settings.fonts.empty();
  const FtLibrary library = open_freetype();
  std::string refused;
  for (FontFile& file : find_fonts(settings)) {
    try {
      fonts_.push_back(std::make_unique<Font>(std::move(file), settings.font_px, library.get()));
    } catch (const sdk::Failure& failure) {
      if (!from_manifest) throw;
      refused = failure.what();
      sdk::log(WELT_LOG_WARNING, refused + ". What only it can draw becomes a box");
    }
  }
  if (fonts_.empty()) {
    throw sdk::Failure(WELT_DATA_LOSS, "none of the fonts that were found can be used; the last: " + refused, "fonts");
  }
  if (fonts_.size() > most) {
    throw sdk::invalid(
        "fonts: " + std::to_string(fonts_.size()) + " fonts; expected " + std::to_string(most) + " at most", "fonts");
  }
  index_characters();
}

void FontSet::index_characters() {
  pages_.emplace_back().fill(none);
  for (std::size_t font = 0; font < fonts_.size(); ++font) {
    const hb_set_t* characters = fonts_[font]->characters();
    for (hb_codepoint_t c = HB_SET_VALUE_INVALID; hb_set_next(characters, &c) != 0 && c <= 0x10FFFF;) {
      std::uint16_t& page = page_of_[c >> 8];
      if (page == 0) {
        page = static_cast<std::uint16_t>(pages_.size());
        pages_.emplace_back().fill(none);
      }
      std::uint8_t& first = pages_[page][c & 0xFF];
      if (first == none) first = static_cast<std::uint8_t>(font);
    }
  }
}

std::string FontSet::description() const {
  std::string text;
  for (const auto& font : fonts_) {
    const FontFile& file = font->file();
    text += file.name + " " + std::to_string(file.face) + " " + file.sha256 + "\n";
  }
  return text;
}

}  // namespace welt::freetype
