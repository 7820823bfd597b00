// Grey images put together for looking at: one below the other, enlarged, pasted onto a page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/text/grey_image.h"

namespace welt {

inline constexpr std::uint8_t backdrop = 200;                       // grey beside the images, so that their edges show
inline constexpr std::int64_t image_gap = 2;                        // pixels between two images
inline constexpr std::int64_t most_pixels = std::int64_t{1} << 28;  // of a file

GreyImage blank(std::int64_t height, std::int64_t width, std::uint8_t grey);

// What lies beside the page is left out.
void paste(GreyImage& page, const GreyImage& image, std::int64_t top, std::int64_t left);

// On the backdrop, with a gap.
GreyImage stack(const std::vector<GreyImage>& images);
GreyImage side_by_side(const std::vector<GreyImage>& images);

// Every pixel becomes a square of `scale` × `scale`.
GreyImage enlarge(const GreyImage& image, std::int64_t scale);

// As a PNG file. Throws Error for more than most_pixels, saying what would be smaller.
void save_picture(const std::string& file, const GreyImage& image, std::int64_t scale = 1);

}  // namespace welt
