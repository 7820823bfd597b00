// See row_buckets.h.
#include "core/tensor/row_buckets.h"

#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/split_with_sizes.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "core/base/error.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

// Lengths of the rows, after a check of the offsets.
std::vector<std::int64_t> row_lengths(const at::Tensor& row_offsets, std::int64_t tokens, const std::string& where) {
  const auto refuse = [&](std::string found) {
    fail({.where = where + ": row_offsets",
          .found = std::move(found),
          .expected = fmt::format("I64 [N+1] on the CPU, ascending from 0 to {}", tokens)});
  };
  if (row_offsets.dim() != 1 || row_offsets.numel() < 1 || row_offsets.scalar_type() != at::kLong ||
      !row_offsets.device().is_cpu())
    refuse(fmt::format("{} {}", c10::toString(row_offsets.scalar_type()), shape_text(row_offsets.sizes())));
  const at::Tensor offsets = row_offsets.contiguous();
  const auto* at_row = offsets.const_data_ptr<std::int64_t>();
  const std::int64_t rows = offsets.numel() - 1;
  if (at_row[0] != 0 || at_row[rows] != tokens || !std::is_sorted(at_row, at_row + rows + 1))
    refuse(fmt::format("values from {} to {}{}", at_row[0], at_row[rows],
                       std::is_sorted(at_row, at_row + rows + 1) ? "" : ", not ascending"));
  std::vector<std::int64_t> lengths;
  for (std::int64_t row = 0; row < rows; ++row) lengths.push_back(at_row[row + 1] - at_row[row]);
  return lengths;
}

at::Tensor select(const at::Tensor& x, const at::Tensor& order) {
  return order.defined() ? at::index_select(x, 0, order) : x;
}

}  // namespace

RowBuckets::RowBuckets(const at::Tensor& row_offsets, std::int64_t tokens, std::string_view where)
    : where_(where), tokens_(tokens) {
  const std::vector<std::int64_t> lengths = row_lengths(row_offsets, tokens, where_);
  rows_ = static_cast<std::int64_t>(lengths.size());
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::ranges::stable_sort(order, {}, [&](std::int64_t row) { return lengths[static_cast<std::size_t>(row)]; });
  for (const std::int64_t row : order) {
    const std::int64_t length = lengths[static_cast<std::size_t>(row)];
    if (length == 0) continue;  // an empty row has nothing to compute
    if (lengths_.empty() || lengths_.back() != length) {
      lengths_.push_back(length);
      block_rows_.push_back(0);
      block_tokens_.push_back(0);
    }
    ++block_rows_.back();
    block_tokens_.back() += length;
  }
  if (std::ranges::is_sorted(order)) return;
  const at::Tensor offsets = row_offsets.contiguous();
  const auto* at_row = offsets.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> token_order;
  token_order.reserve(static_cast<std::size_t>(tokens_));
  for (const std::int64_t row : order)
    for (std::int64_t token = at_row[row]; token < at_row[row + 1]; ++token) token_order.push_back(token);
  order_ = at::tensor(token_order, at::kLong);
  inverse_ = at::argsort(order_);
  row_inverse_ = at::argsort(at::tensor(order, at::kLong));
}

std::vector<at::Tensor> RowBuckets::split(const at::Tensor& per_token, std::string_view name) const {
  if (!per_token.defined()) return std::vector<at::Tensor>(count());
  if (per_token.dim() < 1 || per_token.size(0) != tokens_)
    fail({.where = fmt::format("{}: {}", where_, name),
          .found = shape_text(per_token.sizes()),
          .expected = fmt::format("{} in the first dimension, as the packed rows have tokens", tokens_)});
  std::vector<at::Tensor> blocks = at::split_with_sizes(select(per_token, order_), block_tokens_);
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = blocks[i].unflatten(0, {block_rows_[i], lengths_[i]});
  return blocks;
}

at::Tensor RowBuckets::join_tokens(const std::vector<at::Tensor>& blocks) const {
  std::vector<at::Tensor> flat;
  for (const at::Tensor& block : blocks) flat.push_back(block.flatten(0, 1));
  return select(at::cat(flat), inverse_);
}

at::Tensor RowBuckets::join_rows(const std::vector<at::Tensor>& blocks) const {
  if (std::accumulate(block_rows_.begin(), block_rows_.end(), std::int64_t{0}) != rows_)
    fail({.where = where_ + ": row_offsets",
          .found = "an empty row, which has nothing to pool",
          .expected = "at least one token in every row"});
  return select(at::cat(blocks), row_inverse_);
}

}  // namespace welt
