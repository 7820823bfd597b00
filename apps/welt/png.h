// Images as PNG files, 8 bits a value. A file appears whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace welt {

// Row after row without gaps, 0 black. Throws Error.
void write_grey_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
                    std::int64_t width);
// Red, green and blue of each pixel.
void write_rgb_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
                   std::int64_t width);

}  // namespace welt
