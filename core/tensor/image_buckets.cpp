// See image_buckets.h.
#include "core/tensor/image_buckets.h"

#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/tensor_io.h"

namespace welt {

ImageBuckets::ImageBuckets(const at::Tensor& pixels, const at::Tensor& sizes, std::string_view where)
    : pixels_(pixels) {
  if (!pixels.defined() || pixels.dim() != 4)
    fail({.where = fmt::format("{}: pixels", where),
          .found = pixels.defined() ? shape_text(pixels.sizes()) : "null",
          .expected = "[N, C, Hpx, Wpx]"});
  const std::int64_t count = pixels.size(0), height = pixels.size(2), width = pixels.size(3);
  if (sizes.scalar_type() != at::kLong || sizes.sizes() != at::IntArrayRef({count, 2}) || !sizes.device().is_cpu())
    fail({.where = fmt::format("{}: sizes", where),
          .found = fmt::format("{} {}", c10::toString(sizes.scalar_type()), shape_text(sizes.sizes())),
          .expected = fmt::format("I64 [{}, 2] on the CPU: height and width of each image", count)});
  const at::Tensor rows = sizes.contiguous();
  const auto* size = rows.const_data_ptr<std::int64_t>();
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> batch_of;
  for (std::int64_t i = 0; i < count; ++i, size += 2) {
    if (size[0] < 1 || size[1] < 1 || size[0] > height || size[1] > width)
      fail({.where = fmt::format("{}: sizes", where),
            .found = fmt::format("image {} of {}x{} pixels (height x width)", i, size[0], size[1]),
            .expected = fmt::format("1x1 to {}x{}, as the pixels have", height, width)},
           ErrorCode::out_of_range);
    const auto [found, is_new] = batch_of.try_emplace({size[0], size[1]}, batches_.size());
    if (is_new) batches_.push_back({size[0], size[1], {}});
    batches_[found->second].images.push_back(i);
  }
  whole_ = batches_.size() == 1 && batches_.front().height == height && batches_.front().width == width;
}

at::Tensor ImageBuckets::batch(std::size_t i) const {
  const Batch& one = batches_[i];
  const at::Tensor images =
      batches_.size() == 1 ? pixels_ : at::index_select(pixels_, 0, at::tensor(one.images, at::kLong));
  return images.narrow(2, 0, one.height).narrow(3, 0, one.width);
}

at::Tensor ImageBuckets::join(const std::vector<at::Tensor>& pooled) const {
  if (batches_.size() == 1) return pooled.front();
  std::vector<std::int64_t> order;
  for (const Batch& one : batches_) order.insert(order.end(), one.images.begin(), one.images.end());
  return at::index_select(at::cat(pooled), 0, at::argsort(at::tensor(order, at::kLong)));
}

}  // namespace welt
