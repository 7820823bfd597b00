// The default fonts: fonts.txt as a table.
#pragma once

#include <string>
#include <vector>

namespace welt::freetype {

enum class FontGroup {
  reference,  // what the Python renderer's goldens were made with
  more,       // further scripts
  emoji,      // pictures
  sign        // SignWriting's symbols, in two fonts: lines, fillings
};

struct ManifestFont {
  std::string file;  // "NotoSans-Regular.ttf"
  unsigned face;     // in a collection
  FontGroup group;
  std::string package;  // Debian's, for "how to install"
  std::string sha256;   // 64 hex digits
  std::string purpose;  // "Bengali"
};

// In fallback order.
const std::vector<ManifestFont>& manifest();

}  // namespace welt::freetype
