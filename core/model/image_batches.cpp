// See image_batches.h.
#include "core/model/image_batches.h"

#include <algorithm>
#include <numeric>

#include "core/model/pixels.h"

namespace welt {
namespace {

// Groups that may be a batch, and how large it would be.
struct Candidate {
  std::vector<std::size_t> groups;
  std::int64_t images = 0, area = 0, height = 0, width = 0;  // area: of the images without padding

  Candidate with(std::size_t group, const at::Tensor& pixels) const {
    Candidate more = *this;
    more.groups.push_back(group);
    more.images += pixels.size(0);
    more.area += pixels.size(0) * pixels.size(2) * pixels.size(3);
    more.height = std::max(height, pixels.size(2));
    more.width = std::max(width, pixels.size(3));
    return more;
  }
  bool is_mostly_pixels() const { return images * height * width <= 2 * area; }
};

ImageBatch joined(const std::vector<at::Tensor>& groups, const Candidate& of) {
  if (of.groups.size() == 1) return {groups[of.groups.front()], {}, of.groups};
  std::vector<at::Tensor> images;
  std::vector<std::vector<std::int64_t>> rows;  // one behind the other
  std::int64_t next = 0;
  for (const std::size_t group : of.groups) {
    images.push_back(groups[group]);
    rows.emplace_back(static_cast<std::size_t>(groups[group].size(0)));
    std::iota(rows.back().begin(), rows.back().end(), next);
    next += groups[group].size(0);
  }
  const PaddedImages padded = pad_images(images, rows);
  return {padded.pixels, padded.sizes, of.groups};
}

}  // namespace

std::vector<ImageBatch> image_batches(const std::vector<at::Tensor>& groups, const ImageEncoderInfo& encoder) {
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (encoder.ragged)
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return groups[i].size(3) * groups[i].size(2); });
  std::vector<ImageBatch> batches;
  Candidate next;
  for (const std::size_t group : order) {
    Candidate more = next.with(group, groups[group]);
    if (!next.groups.empty() && (!encoder.ragged || !more.is_mostly_pixels())) {
      batches.push_back(joined(groups, next));
      more = Candidate().with(group, groups[group]);
    }
    next = std::move(more);
  }
  if (!next.groups.empty()) batches.push_back(joined(groups, next));
  return batches;
}

}  // namespace welt
