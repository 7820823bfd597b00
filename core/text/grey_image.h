// The image of a word: grey, 0 black to 255 white, rows behind each other without gaps.
#pragma once

#include <cstdint>
#include <vector>

namespace welt {

struct GreyImage {
  std::int64_t height = 0, width = 0;  // pixels
  std::vector<std::uint8_t> pixels;    // [height, width]
};

}  // namespace welt
