// The built plugin as a renderer with its component, and images as text.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/registry.h"
#include "core/text/renderer.h"
#include "tests/core/base/temp_folder.h"

namespace welt::test {

using nlohmann::json;

inline const ComponentType& bitmap() { return Registry::instance().find(WELT_RENDERER_INTERFACE, "bitmap"); }

// A renderer of its own, with these config keys.
struct Drawing {
  explicit Drawing(const json& config = json::object())
      : component(bitmap(), ConfigView(bitmap(), config, true, "test"), WELT_INIT_NONE), renderer(component) {}
  GreyImage operator()(std::string_view word) const { return renderer.render(word); }

  Component component;
  Renderer renderer;
};

// With GNU Unifont, shared by the tests of a process.
inline const Drawing& draw() {
  static const Drawing drawing;
  return drawing;
}

// A font of few glyphs in files of its own.
struct SmallFont {
  explicit SmallFont(std::string_view glyphs, std::string_view marks = "") {
    folder.put("glyphs.hex", glyphs);
    folder.put("marks.txt", marks);
  }
  json config(json more = json::object()) const {
    more["fonts"] = {(folder / "glyphs.hex").string()};
    more["marks"] = {(folder / "marks.txt").string()};
    return more;
  }
  TempFolder folder;
};

inline bool same(const GreyImage& a, const GreyImage& b) {
  return a.height == b.height && a.width == b.width && a.pixels == b.pixels;
}

inline bool is_white(const GreyImage& image) {
  return image.pixels == std::vector<std::uint8_t>(image.pixels.size(), 255);
}

// A row of the image: # for black, . for white, ? for anything else.
inline std::string row_of(const GreyImage& image, std::int64_t y) {
  std::string row;
  for (std::int64_t x = 0; x < image.width; ++x) {
    const std::uint8_t pixel = image.pixels[static_cast<std::size_t>(y * image.width + x)];
    row += pixel == 0 ? '#' : pixel == 255 ? '.' : '?';
  }
  return row;
}

// The line of a .hex file for a glyph whose rows are all these digits.
inline std::string glyph(std::string_view character, std::string_view row) {
  std::string line = std::string(character) + ":";
  for (int i = 0; i < 16; ++i) line += row;
  return line + "\n";
}

inline std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

}  // namespace welt::test
