// All fonts of a component and which of them draws a character. First the fonts of text in fallback order, then those
// of colour pictures, then the two of signs. Immutable once made: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "font.h"
#include "settings.h"

namespace welt::freetype {

class FontSet {
 public:
  // What the manifest names but FreeType cannot read is left out with a warning; what the configuration names must be
  // readable. Throws Failure.
  explicit FontSet(const Settings& settings);

  using Index = std::uint16_t;  // of a font
  static constexpr std::size_t none = 0xFFFF, most = 4096;

  std::size_t size() const { return fonts_.size(); }
  std::size_t for_text() const { return first_colour_; }  // how many come first that are neither of pictures nor signs
  const Font& operator[](std::size_t index) const { return *fonts_[index]; }

  // How many of these come first that the Python renderer is measured with; all when the settings name other fonts.
  std::size_t for_reference() const { return first_more_; }

  // Index of the first font that has the character, or none; fonts of signs do not count.
  std::size_t first_with(char32_t character) const {
    if (character > 0x10FFFF) return none;
    return pages_[page_of_[character >> 8]][character & 0xFF];
  }

  // Index of the first font of colour pictures that has the character, or none.
  std::size_t first_colour_with(char32_t character) const;

  // Whether there are fonts of signs, at the indices sign_lines() and sign_fillings().
  bool draws_signs() const { return first_sign_ < fonts_.size(); }
  std::uint32_t sign_lines() const { return static_cast<std::uint32_t>(first_sign_); }
  std::uint32_t sign_fillings() const { return static_cast<std::uint32_t>(first_sign_ + 1); }

  // "32 + 2": fonts for words (text and pictures), and for signs.
  std::string counts() const;

  // One line per font: name, face, hash. For the fingerprint.
  std::string description() const;

 private:
  void index_characters();

  std::vector<std::unique_ptr<Font>> fonts_;
  std::size_t first_more_ = 0, first_colour_ = 0, first_sign_ = 0;
  std::array<std::uint16_t, 0x1100> page_of_{};  // by character / 256
  std::vector<std::array<Index, 256>> pages_;    // font by character % 256; page 0 is all none
};

}  // namespace welt::freetype
