// An image that ink is put on. Ink adds up and saturates at black, so the order of drawing does not matter; what falls
// beside the image is cut off.
#pragma once

#include <algorithm>
#include <cstdint>
#include <welt/sdk/renderer.hpp>

#include "glyph_picture.h"

namespace welt::freetype {

class Paper {
 public:
  // Makes the canvas white.
  explicit Paper(const sdk::Canvas& canvas) : canvas_(canvas) {
    for (std::int64_t y = 0; y < canvas.height(); ++y) std::ranges::fill(canvas.row(y), std::uint8_t{255});
  }

  // A picture with its origin at pixel (x, y).
  void stamp(const GlyphPicture& picture, std::int64_t x, std::int64_t y) const {
    stamp(picture.ink.data(), picture.width, picture.height, x + picture.left, y - picture.top);
  }

  // A rectangle of one grey, in place of what was there.
  void fill(std::int64_t x, std::int64_t y, std::int64_t width, std::int64_t height, std::uint8_t grey) const {
    const std::int64_t left = std::max<std::int64_t>(x, 0), right = std::min(x + width, canvas_.width());
    const std::int64_t bottom = std::min(y + height, canvas_.height());
    if (left >= right) return;
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      std::fill_n(canvas_.row(row).begin() + left, right - left, grey);
    }
  }

 private:
  // Ink of 0 (none) to 255 for each of height × width pixels, rows without gaps; left upper pixel at (x, y).
  void stamp(const std::uint8_t* ink, std::int64_t width, std::int64_t height, std::int64_t x, std::int64_t y) const {
    const std::int64_t left = std::max<std::int64_t>(x, 0), right = std::min(x + width, canvas_.width());
    const std::int64_t bottom = std::min(y + height, canvas_.height());
    if (left >= right) return;
    for (std::int64_t row = std::max<std::int64_t>(y, 0); row < bottom; ++row) {
      const std::uint8_t* from = ink + (row - y) * width + (left - x);
      std::uint8_t* to = canvas_.row(row).data() + left;
      for (std::int64_t i = 0; i < right - left; ++i)
        to[i] = static_cast<std::uint8_t>(to[i] - std::min(to[i], from[i]));
    }
  }

  const sdk::Canvas& canvas_;
};

}  // namespace welt::freetype
