// See font_set.h.
#include "font_set.h"

#include <welt/abi/log.h>

#include <algorithm>
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
  const auto rank = [](const auto& font) { return font->is_for_signs() ? 2 : font->has_colours() ? 1 : 0; };
  std::ranges::stable_sort(fonts_, {}, rank);
  const auto with_rank = [&](int wanted) { return std::ranges::count(fonts_, wanted, rank); };
  if (with_rank(2) == 1) fonts_.pop_back();  // the other cannot be used
  first_sign_ = static_cast<std::size_t>(with_rank(0) + with_rank(1));
  first_colour_ = static_cast<std::size_t>(with_rank(0));
  first_more_ = first_colour_;
  while (from_manifest && first_more_ > 1 && fonts_[first_more_ - 1]->file().group == FontGroup::more) --first_more_;
  if (first_sign_ == 0) {
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
  for (std::size_t font = 0; font < first_sign_; ++font) {
    const hb_set_t* characters = fonts_[font]->characters();
    for (hb_codepoint_t c = HB_SET_VALUE_INVALID; hb_set_next(characters, &c) != 0 && c <= 0x10FFFF;) {
      std::uint16_t& page = page_of_[c >> 8];
      if (page == 0) {
        page = static_cast<std::uint16_t>(pages_.size());
        pages_.emplace_back().fill(none);
      }
      Index& first = pages_[page][c & 0xFF];
      if (first == none) first = static_cast<Index>(font);
    }
  }
}

std::size_t FontSet::first_colour_with(char32_t character) const {
  for (std::size_t font = first_colour_; font < first_sign_; ++font) {
    if (fonts_[font]->has(character)) return font;
  }
  return none;
}

std::string FontSet::counts() const {
  return std::to_string(first_sign_) + (draws_signs() ? " + " + std::to_string(size() - first_sign_) : "");
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
