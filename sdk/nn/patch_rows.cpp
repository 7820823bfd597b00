// Images as rows of patches, and tables by grid. See vit.h.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "welt/nn/vit.h"

namespace welt::nn {
namespace {

std::string shown(const Extent& extent) {
  return "[" + std::to_string(extent.height) + ", " + std::to_string(extent.width) + "]";
}

// The grid of each image; of all alike where their sizes are.
std::vector<Extent> grids_of(const ImageInput& input, const Extent& patch) {
  if (!input.sizes.defined() || input.pixels.size(0) == 0) {
    const Extent all{input.pixels.size(2) / patch.height, input.pixels.size(3) / patch.width};
    return std::vector(static_cast<std::size_t>(input.pixels.size(0)), all);
  }
  const at::Tensor sizes = input.sizes.contiguous();
  const auto* size = sizes.const_data_ptr<std::int64_t>();
  std::vector<Extent> out;
  for (std::int64_t i = 0; i < sizes.size(0); ++i, size += 2)
    out.push_back({size[0] / patch.height, size[1] / patch.width});
  return out;
}

// `kept` of the numbers below `count`, drawn by `keys`.
std::vector<std::int64_t> drawn(std::int64_t count, std::int64_t kept, const double* keys) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  if (kept == count) return numbers;
  std::ranges::nth_element(numbers, numbers.begin() + kept, {}, [&](std::int64_t number) { return keys[number]; });
  numbers.resize(static_cast<std::size_t>(kept));
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

Extent grid_of(const Extent& image, const Extent& patch) {
  const Extent grid{image.height / patch.height, image.width / patch.width};
  if (area(grid) < 1)
    throw sdk::invalid("image_size " + shown(image) + " is smaller than a patch, " + shown(patch), "image_size");
  return grid;
}

PatchRows::PatchRows(const ImageInput& input, const Extent& patch, std::int64_t before, std::optional<double> dropped)
    : pixels_(input.pixels), patch_(patch), whole_{1, 1}, before_(before) {
  const std::vector<Extent> images = grids_of(input, patch);
  if (images.empty()) {
    pixels_ = pixels_.reshape({0, pixels_.size(1), patch.height, patch.width});
    grids_ = {whole_};
    return;
  }
  for (const Extent& image : images) {
    whole_ = {std::max(whole_.height, image.height), std::max(whole_.width, image.width)};
    if (std::ranges::find(grids_, image) == grids_.end()) grids_.push_back(image);
  }
  pixels_ = pixels_.narrow(2, 0, whole_.height * patch.height).narrow(3, 0, whole_.width * patch.width);
  if (grids_.size() > 1 || dropped) pack(images, dropped);
}

void PatchRows::pack(const std::vector<Extent>& images, std::optional<double> dropped) {
  std::map<Extent, std::int64_t> first;  // row of each grid's table among all
  std::int64_t all_rows = 0, all_patches = 0;
  for (const Extent& grid : grids_) first[grid] = all_rows, all_rows += before_ + area(grid);
  for (const Extent& image : images) all_patches += area(image);
  const at::Tensor random = at::rand({dropped ? all_patches : 0}, at::kDouble);
  const double* keys = random.const_data_ptr<double>();

  std::vector<std::int64_t> offsets{0}, own, slots, rows;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Extent& image = images[i];
    const std::int64_t count = area(image), start = first[image];
    const auto share = static_cast<std::int64_t>(static_cast<double>(count) * (1 - dropped.value_or(0)));
    for (std::int64_t t = 0; t < before_; ++t) rows.push_back(start + t);
    for (const std::int64_t number : drawn(count, std::max<std::int64_t>(1, share), keys)) {
      const std::int64_t line = static_cast<std::int64_t>(i) * whole_.height + number / image.width;
      own.push_back(line * whole_.width + number % image.width);
      slots.push_back(static_cast<std::int64_t>(rows.size()));
      rows.push_back(start + before_ + number);
    }
    if (dropped) keys += count;
    longest_ = std::max(longest_, static_cast<std::int64_t>(rows.size()) - offsets.back());
    offsets.push_back(static_cast<std::int64_t>(rows.size()));
  }
  offsets_ = at::tensor(offsets, at::kLong);
  own_ = uploaded(own), slots_ = uploaded(slots), table_rows_ = uploaded(rows);
}

at::Tensor PatchRows::uploaded(const std::vector<std::int64_t>& values) const {
  return at::tensor(values, at::kLong).to(pixels_.device());
}

at::Tensor PatchRows::patches() const {
  const auto [kh, kw] = patch_;
  const std::int64_t n = pixels_.size(0), channels = pixels_.size(1);
  const at::Tensor all = pixels_.reshape({n, channels, whole_.height, kh, whole_.width, kw})
                             .permute({0, 2, 4, 1, 3, 5})
                             .reshape({n * area(whole_), channels * kh * kw});
  return own_.defined() ? at::index_select(all, 0, own_) : all;
}

at::Tensor PatchRows::patches(const Conv2d& projection) const {
  const at::Tensor weight = projection.weight.flatten(1);  // [D, C·kh·kw]
  return linear(patches(), weight, projection.bias);
}

at::Tensor PatchRows::tables(const Table& table) const {
  std::vector<at::Tensor> all;
  for (const Extent& grid : grids_) all.push_back(table(grid));
  return all.size() == 1 ? all.front() : at::cat(all);
}

at::Tensor PatchRows::tokens(const at::Tensor& patches, const at::Tensor& first, const Table& added) const {
  const std::int64_t n = pixels_.size(0), width = patches.size(1), own = area(whole_);
  if (offsets_.defined()) {
    const at::Tensor all = tables([&](const Extent& grid) {
      const at::Tensor rows = added ? added(grid) : at::zeros({before_ + area(grid), width}, patches.options());
      if (before_ == 0) return rows;
      return at::cat({first + rows.narrow(0, 0, before_), rows.narrow(0, before_, area(grid))});
    });
    return at::index_add(at::index_select(all, 0, table_rows_), 0, slots_, patches.to(all.scalar_type()));
  }
  at::Tensor x = patches.view({n, own, width}), start = first;
  if (added) {
    const at::Tensor rows = added(whole_);
    x = x + rows.narrow(0, before_, own);
    if (before_ > 0) start = start + rows.narrow(0, 0, before_);
  }
  return before_ == 0 ? x : at::cat({start.unsqueeze(0).expand({n, before_, width}), x}, 1);
}

at::Tensor PatchRows::spread(const Table& table) const {
  const at::Tensor all = tables(table);
  if (offsets_.defined()) return at::index_select(all, 0, table_rows_);
  return all.unsqueeze(0).expand({pixels_.size(0), all.size(0), all.size(1)}).reshape({-1, all.size(1)});
}

RowPlan PatchRows::plan(const at::Tensor& tokens, RowPlan::Trace trace) const {
  return RowPlan({.embeds = tokens, .row_offsets = offsets_, .causal = false}, std::move(trace));
}

at::Tensor PatchRows::padded(const at::Tensor& left) const {
  if (!offsets_.defined()) return left;
  const std::int64_t n = offsets_.size(0) - 1;
  std::vector<std::int64_t> places;
  const auto* offset = offsets_.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t t = 0; t < offset[i + 1] - offset[i]; ++t) places.push_back(i * longest_ + t);
  const at::Tensor out = at::zeros({n * longest_, left.size(1)}, left.options());
  return at::index_copy(out, 0, uploaded(places), left).view({n, longest_, left.size(1)});
}

at::Tensor PatchRows::mean(const at::Tensor& padded) const {
  if (!offsets_.defined()) return padded.mean(1);
  const at::Tensor lengths = offsets_.diff().to(padded.device());  // I64 [N]
  return padded.sum(1) / lengths.unsqueeze(1);
}

at::Tensor GridTables::get(const Extent& grid, const at::Tensor& source, const PatchRows::Table& make) const {
  constexpr std::size_t most_kept = 64;  // word images come in some dozen sizes
  std::int64_t version = 0;
  if (source.defined()) {
    if (at::GradMode::is_enabled() && source.requires_grad()) return make(grid);
    if (source.is_inference()) return make(grid);  // has no version to compare
    version = source._version();
  }
  if (!of_.is_same(source) || version_ != version || (kept_.size() >= most_kept && !kept_.contains(grid)))
    kept_.clear();
  of_ = source, version_ = version;
  at::Tensor& table = kept_[grid];
  if (!table.defined()) table = make(grid);
  return table;
}

at::Tensor GridPositions::operator()(const at::Tensor& table, const Extent& grid) const {
  const Extent pixels{grid.height * patch_.height, grid.width * patch_.width};
  const bool as_many = area(grid) == table.numel() / table.size(-1) - before_;
  if (pixels == image_ || (as_many && pixels.height == pixels.width)) return table.view({-1, table.size(-1)});
  return kept_.get(grid, table, [&](const Extent& size) { return interpolated(table, size); });
}

// transformers reads the table as a square grid, whatever image_size says.
at::Tensor GridPositions::interpolated(const at::Tensor& given, const Extent& grid) const {
  const at::Tensor table = given.view({-1, given.size(-1)});
  const std::int64_t patches = table.size(0) - before_, width = table.size(1);
  const auto side = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(patches))));
  if (side * side != patches) {
    throw sdk::invalid("an image of another size than image_size " + shown(image_) + " came; its " +
                           std::to_string(patches) +
                           " positions are no square number and cannot be interpolated, in transformers either. Choose "
                           "a square image_size, or bring all images to image_size",
                       "image_size");
  }
  const std::array<std::int64_t, 2> size{grid.height, grid.width};
  const at::Tensor square =
      table.narrow(0, before_, patches).view({1, side, side, width}).permute({0, 3, 1, 2});  // [1, D, side, side]
  const at::Tensor fitted = at::upsample_bicubic2d(square, size, /*align_corners=*/false);   // [1, D, h, w]
  const at::Tensor flat = fitted.permute({0, 2, 3, 1}).reshape({area(grid), width});
  return before_ == 0 ? flat : at::cat({table.narrow(0, 0, before_), flat});
}

}  // namespace welt::nn
