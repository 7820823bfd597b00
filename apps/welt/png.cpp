// See png.h.
#include "apps/welt/png.h"

#include <png.h>

#include <string>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

void write_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
               std::int64_t width, png_uint_32 format) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.format = format;
  image.height = static_cast<png_uint_32>(height);
  image.width = static_cast<png_uint_32>(width);
  const auto stride = static_cast<png_int_32>(PNG_IMAGE_ROW_STRIDE(image));
  std::string file;
  png_alloc_size_t size = 0;  // the first call tells how much room the second needs
  bool done = png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), stride, nullptr) != 0;
  if (done) {
    file.resize(size);
    done = png_image_write_to_memory(&image, file.data(), &size, 0, pixels.data(), stride, nullptr) != 0;
  }
  if (!done) {
    fail({.where = path.string(),
          .found = fmt::format("libpng cannot write an image of {} × {} pixels: {}", height, width, image.message)},
         ErrorCode::internal);
  }
  file.resize(size);
  write_file(path, file);
}

}  // namespace

void write_grey_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
                    std::int64_t width) {
  write_png(path, pixels, height, width, PNG_FORMAT_GRAY);
}

void write_rgb_png(const std::filesystem::path& path, std::span<const std::uint8_t> pixels, std::int64_t height,
                   std::int64_t width) {
  write_png(path, pixels, height, width, PNG_FORMAT_RGB);
}

}  // namespace welt
