// The built plugin as a renderer with its component, and small views of images.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/plugin/registry.h"
#include "core/text/renderer.h"
#include "tests/core/base/temp_folder.h"

namespace welt::test {

using nlohmann::json;

inline const ComponentType& freetype() { return Registry::instance().find(WELT_RENDERER_INTERFACE, "freetype"); }

// A renderer of its own, with these config keys.
struct Drawing {
  explicit Drawing(const json& config = json::object())
      : component(freetype(), ConfigView(freetype(), config, true, "test"), WELT_INIT_NONE), renderer(component) {}
  GreyImage operator()(std::string_view word) const { return renderer.render(word); }

  Component component;
  Renderer renderer;
};

// One with the default settings, shared by the tests of a process.
inline const Drawing& draw() {
  static const Drawing drawing;
  return drawing;
}

// [left, top, right, bottom) of all pixels that are not white.
inline std::optional<std::array<std::int64_t, 4>> ink_box(const GreyImage& image) {
  std::array<std::int64_t, 4> box = {image.width, image.height, 0, 0};
  for (std::int64_t y = 0; y < image.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      if (image.pixels[static_cast<std::size_t>(y * image.width + x)] == 255) continue;
      box = {std::min(box[0], x), std::min(box[1], y), std::max(box[2], x + 1), std::max(box[3], y + 1)};
    }
  }
  return box[2] == 0 ? std::nullopt : std::optional(box);
}

// 0 for a white image, 1 for a black one.
inline double darkness(const GreyImage& image) {
  double sum = 0;
  for (const std::uint8_t pixel : image.pixels) sum += 255 - pixel;
  return sum / 255 / static_cast<double>(image.pixels.size());
}

inline bool same(const GreyImage& a, const GreyImage& b) {
  return a.height == b.height && a.width == b.width && a.pixels == b.pixels;
}

inline void expect_all_in(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
  }
}

inline std::filesystem::path noto(const std::string& file) {
  return std::filesystem::path("/usr/share/fonts/truetype/noto") / file;
}

}  // namespace welt::test
