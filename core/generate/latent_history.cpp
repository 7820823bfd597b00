// See latent_history.h.
#include "core/generate/latent_history.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "core/data/blocks.h"

namespace welt {

void LatentHistory::start(LatentRunner& runner, WordEncoder& encoder, std::span<const GrowingText> texts) {
  std::vector<at::Tensor> vectors;
  std::vector<std::vector<std::int64_t>> blocks;
  for (const GrowingText& text : texts) {
    vectors.push_back(encoder.encode(text.words));
    blocks.push_back(block_ids(text.words));
  }
  const std::vector<at::Tensor> hidden = runner.prefill(vectors, blocks, context_);  // [k,D] each, the oldest first
  const at::Tensor latents = model_.map_latents(at::cat(hidden)).latents;
  rows_.clear();
  std::int64_t first = 0;
  for (const at::Tensor& row : hidden) {
    rows_.push_back(latents.narrow(0, first, row.size(0)));
    first += row.size(0);
  }
}

void LatentHistory::add(const at::Tensor& hidden) {
  std::vector<std::size_t> all(rows_.size());
  std::iota(all.begin(), all.end(), 0);
  add(hidden, all);
}

void LatentHistory::add(const at::Tensor& hidden, const std::vector<std::size_t>& rows) {
  const at::Tensor latents = model_.map_latents(hidden).latents;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    at::Tensor& row = rows_[rows[i]];
    const at::Tensor latest = latents.narrow(0, static_cast<std::int64_t>(i), 1);
    const std::int64_t kept = std::min(row.size(0), context_ - 1);
    row = kept == 0 ? latest : at::cat({row.narrow(0, row.size(0) - kept, kept), latest});
  }
}

void LatentHistory::keep(const std::vector<std::int64_t>& rows) {
  std::vector<at::Tensor> kept;
  for (const std::int64_t row : rows) kept.push_back(rows_[static_cast<std::size_t>(row)]);
  rows_ = std::move(kept);
}

std::vector<LatentHistory::Group> LatentHistory::groups() const {
  std::map<std::int64_t, std::vector<std::size_t>> by_count;
  for (std::size_t i = 0; i < rows_.size(); ++i) by_count[rows_[i].size(0)].push_back(i);
  std::vector<Group> groups;
  for (auto& [count, members] : by_count) {
    std::vector<at::Tensor> latents;
    for (const std::size_t i : members) latents.push_back(rows_[i]);
    groups.push_back({std::move(members), at::stack(latents)});
  }
  return groups;
}

}  // namespace welt
