// The states of a cache: a row's state now and as it was up to `rollback` slots ago, as one tensor each.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>
#include <welt/sdk/base.hpp>

#include "welt/nn/cache.h"

namespace welt::nn {
namespace {

// [rows, more…, shape…]
std::vector<std::int64_t> sizes(std::int64_t rows, std::vector<std::int64_t> more,
                                const std::vector<std::int64_t>& shape) {
  more.insert(more.begin(), rows);
  more.insert(more.end(), shape.begin(), shape.end());
  return more;
}

}  // namespace

at::Tensor Cache::read(std::size_t state, const at::Tensor& rows, const at::TensorOptions& options) const {
  const at::NoGradGuard no_grad;
  const at::Tensor& kept = snapshots_.at(state);
  if (!kept.defined())
    return at::zeros(sizes(rows.defined() ? rows.size(0) : batch(), {}, layout_.states[state]), options);
  const at::Tensor now = kept.select(1, 0);  // [B, shape…]
  return (rows.defined() ? at::index_select(now, 0, rows) : now).to(options);
}

void Cache::write(std::size_t state, const at::Tensor& rows, const at::Tensor& after) {
  const std::int64_t n = rows.defined() ? rows.size(0) : batch();
  const bool has_slots = after.dim() > 1 && after.size(1) > 0;
  if (!has_slots || after.sizes() != at::IntArrayRef(sizes(n, {after.size(1)}, layout_.states.at(state)))) {
    throw sdk::Failure(WELT_INTERNAL,
                       "state " + std::to_string(state) +
                           " was written in another shape than [rows, slots] and what cache_layout() says");
  }
  written_.push_back({state, rows, after.detach()});
}

void Cache::keep_written() {
  const at::NoGradGuard no_grad;
  for (const auto& [state, rows, after] : written_) {
    at::Tensor& kept = snapshots_[state];
    if (!kept.defined()) kept = at::zeros(sizes(batch(), {rollback_ + 1}, layout_.states[state]), after.options());
    const std::int64_t fresh = std::min(after.size(1), rollback_ + 1);
    const at::Tensor newest = after.narrow(1, after.size(1) - fresh, fresh).flip(1).to(kept.options());
    const at::Tensor before = rows.defined() ? at::index_select(kept, 0, rows) : kept;
    const at::Tensor now = at::cat({newest, before.narrow(1, 0, rollback_ + 1 - fresh)}, 1);
    kept = rows.defined() ? at::index_copy(kept, 0, rows, now) : now;
  }
  written_.clear();
}

void Cache::take_back(std::span<const std::int64_t> lengths) {
  std::vector<std::int64_t> back;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    back.push_back(lengths_[i] - lengths[i]);
    reach_[i] -= std::min(reach_[i], back.back());
  }
  if (std::ranges::all_of(back, [](std::int64_t by) { return by == 0; })) return;
  const at::NoGradGuard no_grad;
  for (at::Tensor& kept : snapshots_) {
    if (!kept.defined()) continue;
    const at::TensorOptions whole = kept.options().dtype(at::kLong);
    at::Tensor from = at::tensor(back, at::kLong).to(kept.device()).unsqueeze(1) + at::arange(rollback_ + 1, whole);
    from = from.clamp_max(rollback_);  // what lies further back is not reached any more  [B, rollback + 1]
    std::vector<std::int64_t> shape(static_cast<std::size_t>(kept.dim()), 1);
    shape[0] = from.size(0), shape[1] = from.size(1);
    kept = kept.gather(1, from.view(shape).expand_as(kept));
  }
}

}  // namespace welt::nn
