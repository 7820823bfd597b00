// Where the ink of a word's image is, and how much of it: the figures that renderers are compared by.
#pragma once

#include <cstdint>
#include <optional>

#include "core/text/grey_image.h"

namespace welt {

// Pixels from the left upper corner; right and bottom are the first column and row behind the ink.
struct InkBox {
  std::int64_t left, top, right, bottom;
  bool operator==(const InkBox&) const = default;
};

// The smallest box around all pixels that are not white (255); none for a white image.
std::optional<InkBox> ink_box(const GreyImage& image);

// 0 for a white image, 1 for a black one.
double mean_darkness(const GreyImage& image);

}  // namespace welt
