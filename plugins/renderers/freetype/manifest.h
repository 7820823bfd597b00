// The default fonts: fonts.txt as a table.
#pragma once

#include <string>
#include <vector>

namespace welt::freetype {

struct ManifestFont {
  std::string file;     // "NotoSans-Regular.ttf"
  unsigned face;        // in a collection
  std::string package;  // Debian's, for "how to install"
  std::string sha256;   // 64 hex digits
};

// In fallback order.
const std::vector<ManifestFont>& manifest();

}  // namespace welt::freetype
