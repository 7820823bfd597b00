// Where the symbols of a sign are put one above the other: black lines, white fillings that hide what is below them.
// As the Python renderer's library (Pillow) has it, a pixel's grey and how much it covers are mixed each by itself, so
// that edges are a little lighter than coverage alone would make them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>
#include <welt/sdk/renderer.hpp>

#include "glyph_picture.h"
#include "grey.h"
#include "layout.h"

namespace welt::freetype {

class SignPaper {
 public:
  // Nothing on it yet.
  explicit SignPaper(const SignBox& box)
      : box_(box), pixels_(static_cast<std::size_t>(box.width * box.height), Pixel{255, 0}) {}

  // The picture with its origin at pixel (x, y) of the image, in one grey; what falls beside the sign's box is cut off.
  void stamp(const GlyphPicture& picture, std::int64_t x, std::int64_t y, std::uint8_t grey) {
    const std::int64_t left = x + picture.left - box_.x, top = y - picture.top - box_.y;
    const std::int64_t first_row = std::max<std::int64_t>(0, -top),
                       last_row = std::min<std::int64_t>(picture.height, box_.height - top);
    const std::int64_t first = std::max<std::int64_t>(0, -left),
                       last = std::min<std::int64_t>(picture.width, box_.width - left);
    for (std::int64_t row = first_row; row < last_row; ++row) {
      const std::uint8_t* from = picture.ink.data() + row * picture.width;
      Pixel* to = pixels_.data() + (top + row) * box_.width + left;
      for (std::int64_t i = first; i < last; ++i) {
        to[i].grey = to[i].coverage == 0 && from[i] != 0 ? grey : mix(from[i], to[i].grey, grey);
        to[i].coverage = mix(from[i], to[i].coverage, 255);
      }
    }
  }

  // Puts the sign on the white canvas; what falls beside it is cut off.
  void put_on(const sdk::Canvas& canvas) const {
    const std::int64_t width = std::min(box_.width, canvas.width() - box_.x);
    for (std::int64_t row = 0; row < box_.height; ++row) {
      for (std::int64_t i = 0; i < width; ++i) {
        const Pixel& pixel = pixels_[static_cast<std::size_t>(row * box_.width + i)];
        canvas.row(box_.y + row)[static_cast<std::size_t>(box_.x + i)] = mix(pixel.coverage, 255, pixel.grey);
      }
    }
  }

 private:
  struct Pixel {
    std::uint8_t grey, coverage;
  };
  SignBox box_;
  std::vector<Pixel> pixels_;
};

}  // namespace welt::freetype
