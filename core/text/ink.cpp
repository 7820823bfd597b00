// See ink.h.
#include "core/text/ink.h"

#include <algorithm>
#include <numeric>

namespace welt {

std::optional<InkBox> ink_box(const GreyImage& image) {
  InkBox box{image.width, image.height, 0, 0};
  for (std::int64_t y = 0; y < image.height; ++y) {
    const auto row = image.pixels.begin() + y * image.width, end = row + image.width;
    const auto is_ink = [](std::uint8_t pixel) { return pixel != 255; };
    const auto first = std::find_if(row, end, is_ink);
    if (first == end) continue;
    const auto last = std::find_if(std::reverse_iterator(end), std::reverse_iterator(row), is_ink);
    box = {std::min(box.left, first - row), std::min(box.top, y), std::max(box.right, last.base() - row), y + 1};
  }
  return box.bottom == 0 ? std::nullopt : std::optional(box);
}

double mean_darkness(const GreyImage& image) {
  if (image.pixels.empty()) return 0;
  const auto light = std::accumulate(image.pixels.begin(), image.pixels.end(), std::uint64_t{0});
  return 1 - static_cast<double>(light) / (255.0 * static_cast<double>(image.pixels.size()));
}

}  // namespace welt
