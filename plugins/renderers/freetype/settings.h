// The configuration keys of the renderer "freetype", and their values checked against each other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>
#include <welt/sdk/config.hpp>
#include <welt/sdk/schema.hpp>

namespace welt::freetype {

struct Settings {
  std::int64_t block = 16;                // height of every image, and what widths are multiples of; pixels
  std::int64_t font_px = 12;              // the em square; pixels
  std::int64_t max_width = 32768;         // widest image; pixels, a multiple of block
  std::vector<std::string> fonts;         // files and folders, in fallback order; empty: the manifest
  std::vector<std::string> font_folders;  // where the manifest's files are looked for
  std::vector<std::string> order;         // names that go before all others
  std::string sign_fonts;                 // folder of SignWriting's fonts; empty: where setup puts them
  bool reference_compatible = false;      // of the manifest, only what the Python renderer's goldens were made with
  std::int64_t cache_mb = 4;              // of glyph pictures, each state
};

sdk::Schema settings_schema();

// Throws Failure naming the key.
Settings read_settings(const sdk::Config& config);

}  // namespace welt::freetype
