// See pixels.h.
#include "core/model/pixels.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace welt {
namespace {

double channel_value(const std::vector<double>& values, std::int64_t channel) {
  return values.size() == 1 ? values.front() : values.at(static_cast<std::size_t>(channel));
}

// A table of all greys, and one look-up a pixel: exact, and as fast as memory takes the result. Channels that are
// normalised alike are copies of one plane.
template <typename T>
void write_planes(const ImageGroup& images, const PixelNormalisation& pixels, std::int64_t channels, T* out) {
  const auto plane = static_cast<std::size_t>(images.height * images.width);
  std::vector<std::array<T, 256>> tables(static_cast<std::size_t>(channels));
  std::vector<std::size_t> same(tables.size());  // the first channel that is normalised like this one
  for (std::size_t c = 0; c < tables.size(); ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    const double mean = channel_value(pixels.mean, channel), deviation = channel_value(pixels.deviation, channel);
    for (std::size_t grey = 0; grey < 256; ++grey) {
      tables[c][grey] = static_cast<T>((static_cast<double>(grey) * pixels.scale - mean) / deviation);
    }
    same[c] = static_cast<std::size_t>(std::ranges::find(tables, tables[c]) - tables.begin());
  }
  const std::uint8_t* grey = images.grey.data();
  for (std::size_t image = 0; image < images.rows.size(); ++image, grey += plane) {
    T* const first = out;
    for (std::size_t c = 0; c < tables.size(); ++c, out += plane) {
      if (same[c] < c) {
        std::copy_n(first + same[c] * plane, plane, out);
      } else {
        const T* const table = tables[c].data();
        for (std::size_t i = 0; i < plane; ++i) out[i] = table[grey[i]];
      }
    }
  }
}

}  // namespace

at::Tensor normalise_images(const ImageGroup& images, const PixelNormalisation& pixels, std::int64_t channels,
                            at::ScalarType type) {
  const at::ScalarType made = type == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor out =
      at::empty({static_cast<std::int64_t>(images.rows.size()), channels, images.height, images.width}, made);
  if (made == at::kDouble) {
    write_planes(images, pixels, channels, out.data_ptr<double>());
  } else {
    write_planes(images, pixels, channels, out.data_ptr<float>());
  }
  return out.to(type);
}

PaddedImages pad_images(const std::vector<at::Tensor>& images, const std::vector<std::vector<std::int64_t>>& rows) {
  std::int64_t count = 0, height = 0, width = 0;
  for (const at::Tensor& group : images) {
    count += group.size(0);
    height = std::max(height, group.size(2));
    width = std::max(width, group.size(3));
  }
  if (count == 0 || images.size() != rows.size())
    fail({"images to pad",
          fmt::format("{} groups of rows, {} of pixels", rows.size(), images.size()),
          "as many of both, with an image",
          {}},
         ErrorCode::internal);
  PaddedImages out{at::zeros({count, images.front().size(1), height, width}, images.front().options()),
                   at::zeros({count, 2}, at::kLong)};
  auto* sizes = out.sizes.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const at::Tensor& group = images[i];
    out.pixels.narrow(2, 0, group.size(2))
        .narrow(3, 0, group.size(3))
        .index_copy_(0, at::tensor(rows[i], at::kLong).to(group.device()), group);
    for (const std::int64_t row : rows[i]) {
      sizes[2 * row] = group.size(2);
      sizes[2 * row + 1] = group.size(3);
    }
  }
  return out;
}

}  // namespace welt
