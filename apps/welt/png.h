// Grey images as PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace welt {

// 8 bits a pixel, row after row without gaps, 0 black. The file appears whole or not at all. Throws Error.
void write_grey_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
                    std::int64_t width);

}  // namespace welt
