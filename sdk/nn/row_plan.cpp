// Grouping of rows, positions, and checks of what came over the border. Masks are in row_masks.cpp.
#include "welt/nn/row_plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <welt/sdk/base.hpp>

namespace welt::nn {
namespace {

std::string shape_text(at::IntArrayRef sizes) {
  std::string out = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(sizes[i]);
  return out + "]";
}

void check(const at::Tensor& tensor, const char* name, at::ScalarType type, at::IntArrayRef expected) {
  if (!tensor.defined()) return;
  if (tensor.scalar_type() != type) {
    throw sdk::invalid(
        std::string(name) + " has dtype " + at::toString(tensor.scalar_type()) + "; expected " + at::toString(type),
        name);
  }
  if (tensor.sizes() != expected) {
    throw sdk::invalid(
        std::string(name) + " has shape " + shape_text(tensor.sizes()) + "; expected " + shape_text(expected), name);
  }
}

// Whether values can be looked at without waiting for a device.
bool is_at_hand(const at::Tensor& tensor, at::ScalarType type) {
  return tensor.defined() && tensor.device().is_cpu() && tensor.scalar_type() == type;
}

}  // namespace

RowPlan::RowPlan(const RowInput& input, Trace trace) : input_(input), trace_(std::move(trace)) {
  if (!input_.embeds.defined()) throw sdk::invalid("embeds is null", "embeds");
  if (!input_.embeds.is_floating_point()) throw sdk::invalid("embeds is not a floating-point tensor", "embeds");
  drop_idle_masks();
  if (input_.row_offsets.defined()) {
    plan_packed();
  } else {
    plan_dense();
  }
  plan_positions();
}

// Masks that hide nothing are let go of: without a mask the fused attention is faster.
void RowPlan::drop_idle_masks() {
  const auto holds = [](const at::Tensor& all_true) { return all_true.all().item<bool>(); };  // on the CPU
  if (is_at_hand(input_.prefix_id, at::kLong)) idle_prefix_ = holds(input_.prefix_id < 0);
  if (is_at_hand(input_.key_valid, at::kBool)) idle_valid_ = holds(input_.key_valid);
  const at::Tensor& document = input_.document_id;
  if (is_at_hand(document, at::kLong) && document.dim() == 2 && document.size(1) > 0) {
    idle_document_ = holds(document == document.narrow(1, 0, 1));
  }
}

void RowPlan::plan_dense() {
  if (input_.embeds.dim() != 3) {
    throw sdk::invalid("dense embeds have shape " + shape_text(input_.embeds.sizes()) + "; expected [N, T, E]",
                       "embeds");
  }
  const std::int64_t n = input_.embeds.size(0), length = input_.embeds.size(1);
  rows_ = n, tokens_ = n * length;
  row_lengths_.assign(static_cast<std::size_t>(n), length);
  plan_rows_.resize(static_cast<std::size_t>(n));
  std::iota(plan_rows_.begin(), plan_rows_.end(), 0);
  check_cache();
  std::int64_t cached = 0;
  if (input_.cache != nullptr && n > 0) cached = std::ranges::max(input_.cache->lengths());
  const std::int64_t span = cached + length;
  check(input_.key_valid, "key_valid", at::kBool, {n, span});
  check(input_.document_id, "document_id", at::kLong, {n, length});
  check(input_.prefix_id, "prefix_id", at::kLong, {n, length});
  check(input_.dense, "dense", at::kBool, {n, 1, length, span});
  check(input_.positions, "positions", at::kLong, {n, length});
  check(input_.token_types, "token_types", at::kLong, {n, length});
  if (tokens_ > 0) groups_.push_back({.rows = n, .length = length, .first_token = 0, .span = span, .first_row = 0});
  if (!idle_valid_) key_valid_ = input_.key_valid;  // stays [N, S]
  if (!idle_document_) document_id_ = flat(input_.document_id);
  if (!idle_prefix_) prefix_id_ = flat(input_.prefix_id);
  token_types_ = flat(input_.token_types);
}

// Everything about packed rows but what their offsets say of each row.
void RowPlan::check_packed() const {
  if (input_.embeds.dim() != 2) {
    throw sdk::invalid("packed embeds have shape " + shape_text(input_.embeds.sizes()) + "; expected [tokens, E]",
                       "embeds");
  }
  const std::int64_t tokens = input_.embeds.size(0);
  if (input_.row_offsets.dim() != 1 || input_.row_offsets.scalar_type() != at::kLong ||
      input_.row_offsets.size(0) < 1 || !input_.row_offsets.device().is_cpu()) {
    throw sdk::invalid("row_offsets must be I64 [N+1] on the CPU", "row_offsets");
  }
  if (input_.dense.defined()) throw sdk::invalid("packed rows take no dense mask; hand the rows over dense", "dense");
  check(input_.key_valid, "key_valid", at::kBool, {tokens});
  check(input_.document_id, "document_id", at::kLong, {tokens});
  check(input_.prefix_id, "prefix_id", at::kLong, {tokens});
  check(input_.positions, "positions", at::kLong, {tokens});
  check(input_.token_types, "token_types", at::kLong, {tokens});
  if (input_.cache != nullptr && input_.key_valid.defined()) {
    throw sdk::invalid("packed rows with a cache take no key_valid", "key_valid");
  }
}

void RowPlan::plan_packed() {
  check_packed();
  tokens_ = input_.embeds.size(0);
  const at::Tensor offsets = input_.row_offsets.contiguous();
  const auto* at_row = offsets.const_data_ptr<std::int64_t>();
  rows_ = offsets.size(0) - 1;
  if (at_row[0] != 0 || at_row[rows_] != tokens_ || !std::is_sorted(at_row, at_row + rows_ + 1)) {
    throw sdk::invalid("row_offsets must ascend from 0 to the number of tokens, " + std::to_string(tokens_),
                       "row_offsets");
  }
  for (std::int64_t i = 0; i < rows_; ++i) row_lengths_.push_back(at_row[i + 1] - at_row[i]);
  check_cache();
  order_packed();
  group_packed();
  if (!idle_valid_) key_valid_ = flat(input_.key_valid);
  document_id_ = flat(input_.document_id);
  if (!idle_prefix_) prefix_id_ = flat(input_.prefix_id);
  token_types_ = flat(input_.token_types);
}

void RowPlan::order_packed() {
  const auto length_of = [&](std::int64_t row) { return row_lengths_[static_cast<std::size_t>(row)]; };
  plan_rows_.resize(static_cast<std::size_t>(rows_));
  std::iota(plan_rows_.begin(), plan_rows_.end(), 0);
  // Empty rows have no token whose place it could change.
  const auto empty = std::ranges::stable_partition(plan_rows_, [&](std::int64_t row) { return length_of(row) > 0; });
  const std::span<const std::int64_t> filled(plan_rows_.begin(), empty.begin());
  if (std::ranges::is_sorted(filled, {}, length_of) || std::ranges::is_sorted(filled, std::greater<>(), length_of)) {
    return;
  }
  std::vector<std::int64_t> first{0};  // token of each row, in the caller's order
  std::partial_sum(row_lengths_.begin(), row_lengths_.end(), std::back_inserter(first));
  std::ranges::stable_sort(plan_rows_, {}, length_of);
  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(tokens_));
  for (const std::int64_t row : plan_rows_) {
    for (std::int64_t t = 0; t < length_of(row); ++t) order.push_back(first[static_cast<std::size_t>(row)] + t);
  }
  order_ = indices(order);
  inverse_ = at::argsort(order_);
}

void RowPlan::group_packed() {
  const auto length_of = [&](std::int64_t row) { return row_lengths_[static_cast<std::size_t>(row)]; };
  std::int64_t first_token = 0;
  for (std::size_t i = 0, end = 0; i < plan_rows_.size(); i = end) {
    const std::int64_t length = length_of(plan_rows_[i]);
    std::int64_t cached = 0;
    for (end = i; end < plan_rows_.size() && length_of(plan_rows_[end]) == length; ++end) {
      if (input_.cache != nullptr) {
        cached = std::max(cached, input_.cache->lengths()[static_cast<std::size_t>(plan_rows_[end])]);
      }
    }
    if (length == 0) continue;  // an empty row has nothing to compute
    const auto n = static_cast<std::int64_t>(end - i);
    RowGroup group{.rows = n,
                   .length = length,
                   .first_token = first_token,
                   .span = cached + length,
                   .first_row = static_cast<std::int64_t>(i)};
    if (input_.cache != nullptr && (n != rows_ || order_.defined())) {
      group.index = indices(
          {plan_rows_.begin() + static_cast<std::ptrdiff_t>(i), plan_rows_.begin() + static_cast<std::ptrdiff_t>(end)});
    }
    groups_.push_back(group);
    first_token += n * length;
  }
}

void RowPlan::check_cache() const {
  if (input_.cache == nullptr) return;
  input_.cache->begin();
  const Cache& cache = *input_.cache;
  if (cache.batch() != rows_) {
    throw sdk::invalid("the cache has " + std::to_string(cache.batch()) + " rows, the call " + std::to_string(rows_));
  }
  if (input_.document_id.defined()) throw sdk::invalid("a call with a cache takes no document_id", "document_id");
  for (std::size_t i = 0; i < row_lengths_.size(); ++i) {
    if (cache.lengths()[i] + row_lengths_[i] > cache.capacity()) {
      throw sdk::Failure(WELT_OUT_OF_RANGE, "row " + std::to_string(i) + " has " + std::to_string(cache.lengths()[i]) +
                                                " cached slots and gets " + std::to_string(row_lengths_[i]) +
                                                " more; the cache was made for " + std::to_string(cache.capacity()));
    }
  }
}

// Positions default to the first one + the cached length of the row + index, whatever key_valid says.
void RowPlan::plan_positions() {
  std::vector<std::int64_t> slots;
  slots.reserve(static_cast<std::size_t>(tokens_));
  for (const std::int64_t row : plan_rows_) {
    const std::int64_t start = input_.first_position + cached_slots(row),
                       length = row_lengths_[static_cast<std::size_t>(row)];
    for (std::int64_t t = 0; t < length; ++t) slots.push_back(start + t);
    if (length > 0) longest_ = std::max(longest_, start + length - 1);
  }
  if (!input_.positions.defined() || tokens_ == 0) {
    positions_ = indices(slots);
    return;
  }
  positions_ = flat(input_.positions);
  if (!is_at_hand(positions_, at::kLong)) return;
  if (positions_.min().item<std::int64_t>() < 0) throw sdk::invalid("a position is below 0", "positions");
  longest_ = positions_.max().item<std::int64_t>();
}

std::int64_t RowPlan::cached_slots(std::int64_t row) const {
  return input_.cache == nullptr ? 0 : input_.cache->lengths()[static_cast<std::size_t>(row)];
}

const at::Tensor& RowPlan::row_offsets() const {
  if (row_offsets_.defined()) return row_offsets_;
  std::vector<std::int64_t> offsets{0};
  for (const std::int64_t row : plan_rows_)
    offsets.push_back(offsets.back() + row_lengths_[static_cast<std::size_t>(row)]);
  return row_offsets_ = at::tensor(offsets, at::kLong);
}

const RowPlan::CacheRows& RowPlan::cache_rows() const {
  if (cache_rows_.filled.defined()) return cache_rows_;
  std::vector<std::int64_t> filled;
  for (const std::int64_t row : plan_rows_) filled.push_back(cached_slots(row));
  if (!std::ranges::is_sorted(plan_rows_)) cache_rows_.index = at::tensor(plan_rows_, at::kLong);
  cache_rows_.filled = at::tensor(filled, at::kLong);
  return cache_rows_;
}

at::Tensor RowPlan::indices(const std::vector<std::int64_t>& values) const {
  return at::tensor(values, at::kLong).to(input_.embeds.device());
}

at::Tensor RowPlan::counted(std::int64_t count) const {
  return at::arange(count, at::TensorOptions(at::kLong).device(input_.embeds.device()));
}

at::Tensor RowPlan::valid() const {
  if (!key_valid_.defined() || input_.row_offsets.defined() || input_.cache == nullptr) {
    return key_valid_.defined() ? key_valid_.reshape({tokens_}) : key_valid_;
  }
  if (groups_.empty()) return key_valid_.reshape({0});
  // [N, S], of which a row's own T slots stand behind its cached ones.
  const at::Tensor own = cached(groups_.front()) + counted(groups_.front().length).unsqueeze(0);  // [N, T]
  return key_valid_.gather(1, own).reshape({tokens_});
}

at::Tensor RowPlan::starts() const {
  std::vector<std::int64_t> first;  // token behind each row border, but for rows that go on behind a cache
  std::int64_t token = 0;
  for (const std::int64_t row : plan_rows_) {
    const std::int64_t length = row_lengths_[static_cast<std::size_t>(row)];
    if (length > 0 && cached_slots(row) == 0) first.push_back(token);
    token += length;
  }
  at::Tensor out = at::zeros({tokens_}, at::TensorOptions(at::kBool).device(input_.embeds.device()));
  if (!first.empty()) out.index_fill_(0, indices(first), true);
  if (document_id_.defined() && tokens_ > 1) {
    const std::int64_t rest = tokens_ - 1;
    out.narrow(0, 1, rest).logical_or_(document_id_.narrow(0, 1, rest) != document_id_.narrow(0, 0, rest));
  }
  return out;
}

at::Tensor RowPlan::flat(const at::Tensor& per_token) const {
  if (!per_token.defined()) return per_token;
  const at::Tensor one = per_token.reshape({tokens_});
  return order_.defined() ? at::index_select(one, 0, order_) : one;
}

at::Tensor RowPlan::enter(const at::Tensor& embeds) const {
  const at::Tensor one = embeds.reshape({tokens_, embeds.size(-1)});
  return order_.defined() ? at::index_select(one, 0, order_) : one;
}

at::Tensor RowPlan::leave(const at::Tensor& x) const {
  if (input_.row_offsets.defined()) return inverse_.defined() ? at::index_select(x, 0, inverse_) : x;
  return x.reshape({input_.embeds.size(0), input_.embeds.size(1), x.size(-1)});
}

at::Tensor RowPlan::first_tokens(const at::Tensor& x) const {
  std::vector<std::int64_t> first(static_cast<std::size_t>(rows_));
  std::int64_t token = 0;
  for (const std::int64_t row : plan_rows_) {
    const std::int64_t length = row_lengths_[static_cast<std::size_t>(row)];
    if (length == 0) {
      throw sdk::invalid("row " + std::to_string(row) + " is empty, so it has no first token to pool", "row_offsets");
    }
    first[static_cast<std::size_t>(row)] = token;
    token += length;
  }
  return at::index_select(x, 0, indices(first));
}

void RowPlan::commit() const {
  if (input_.cache != nullptr) input_.cache->commit(row_lengths_);
}

}  // namespace welt::nn
