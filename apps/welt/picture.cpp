// See picture.h.
#include "apps/welt/picture.h"

#include <algorithm>

#include "apps/welt/png.h"
#include "core/base/error.h"

namespace welt {

GreyImage blank(std::int64_t height, std::int64_t width, std::uint8_t grey) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), grey)};
}

void paste(GreyImage& page, const GreyImage& image, std::int64_t top, std::int64_t left) {
  const std::int64_t width = std::min(image.width, page.width - left);
  for (std::int64_t y = 0; y < std::min(image.height, page.height - top) && width > 0; ++y) {
    std::copy_n(image.pixels.begin() + y * image.width, width, page.pixels.begin() + (top + y) * page.width + left);
  }
}

GreyImage stack(const std::vector<GreyImage>& images) {
  std::int64_t height = 0, width = 0;
  for (const GreyImage& image : images) {
    height += image.height + (height > 0 ? image_gap : 0);
    width = std::max(width, image.width);
  }
  GreyImage sheet = blank(height, width, backdrop);
  std::int64_t top = 0;
  for (const GreyImage& image : images) {
    paste(sheet, image, top, 0);
    top += image.height + image_gap;
  }
  return sheet;
}

GreyImage side_by_side(const std::vector<GreyImage>& images) {
  std::int64_t height = 0, width = 0;
  for (const GreyImage& image : images) {
    width += image.width + (width > 0 ? image_gap : 0);
    height = std::max(height, image.height);
  }
  GreyImage row = blank(height, width, backdrop);
  std::int64_t left = 0;
  for (const GreyImage& image : images) {
    paste(row, image, 0, left);
    left += image.width + image_gap;
  }
  return row;
}

GreyImage enlarge(const GreyImage& image, std::int64_t scale) {
  GreyImage out{image.height * scale, image.width * scale, {}};
  out.pixels.reserve(static_cast<std::size_t>(out.height * out.width));
  for (std::int64_t y = 0; y < out.height; ++y) {
    for (std::int64_t x = 0; x < image.width; ++x) {
      out.pixels.insert(out.pixels.end(), static_cast<std::size_t>(scale),
                        image.pixels[static_cast<std::size_t>(y / scale * image.width + x)]);
    }
  }
  return out;
}

void save_picture(const std::string& file, const GreyImage& image, std::int64_t scale) {
  if (image.height * image.width > most_pixels / (scale * scale)) {
    fail({.where = file,
          .found = fmt::format("{} × {} pixels, enlarged {} times", image.height, image.width, scale),
          .expected = fmt::format("{} pixels at most", most_pixels),
          .mend = "Draw fewer or shorter texts, or take a smaller --scale"});
  }
  const GreyImage shown = scale == 1 ? image : enlarge(image, scale);
  write_grey_png(file, shown.pixels, shown.height, shown.width);
}

}  // namespace welt
