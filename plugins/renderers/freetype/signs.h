// Signs of SignWriting in Unicode (Formal SignWriting): which words are one, and where its symbols are.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "font_set.h"
#include "glyph_cache.h"
#include "layout.h"
#include "settings.h"

namespace welt::freetype {

struct SignSymbol {
  char32_t symbol;    // U+40001 …
  std::int64_t x, y;  // of the left upper corner, pixels
};

// Whether the word is one whole sign, with white space after it or none:
// (sort mark, symbol+)? box coordinate coordinate (symbol coordinate coordinate)*, with the sort mark U+1D800, boxes
// U+1D801–1D804, coordinates U+1D80C–1DFFF (250 and up), symbols U+40001–4FFFF. Replaces `symbols` if so.
bool read_sign(std::string_view word, std::vector<SignSymbol>& symbols);

// Replaces `out`. The sign's own box is as large as its symbols are drawn, whatever its coordinates say, and 1 × 1 of a
// sign without symbols; the image has 5 pixels or more around it and both sides rounded up to blocks. `fonts` draws
// signs.
void lay_out_sign(const std::vector<SignSymbol>& symbols, const Settings& settings, const FontSet& fonts,
                  GlyphCache& glyphs, Layout& out);

}  // namespace welt::freetype
