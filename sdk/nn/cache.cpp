// Rows, lengths, and the keys and values of every layer in one buffer each. States are in cache_states.cpp.
#include "welt/nn/cache.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/index_put.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <string>
#include <welt/sdk/base.hpp>

namespace welt::nn {

Cache::Cache(const CacheLayout& layout, std::int64_t batch, std::int64_t capacity, std::int64_t rollback)
    : layout_(layout), capacity_(capacity), rollback_(rollback) {
  if (batch < 0 || capacity < 0 || rollback < 0) {
    throw sdk::invalid("a cache of " + std::to_string(batch) + " rows, " + std::to_string(capacity) +
                       " slots and rollback " + std::to_string(rollback) + "; expected numbers from 0 on");
  }
  rollback_ = std::min(rollback, capacity);
  lengths_.assign(static_cast<std::size_t>(batch), 0);
  reach_ = lengths_;
  layers_.resize(static_cast<std::size_t>(layout.layers));
  snapshots_.resize(layout.states.size());
}

std::int64_t Cache::bytes() const {
  std::int64_t total = 0;
  const auto count = [&](const at::Tensor& buffer) {
    if (buffer.defined()) total += static_cast<std::int64_t>(buffer.nbytes());
  };
  for (const Pair& pair : layers_) count(pair.keys), count(pair.values);
  for (const at::Tensor& state : snapshots_) count(state);
  return total;
}

void Cache::reorder(std::span<const std::int64_t> index) {
  std::vector<std::int64_t> lengths, reach;
  for (const std::int64_t row : index) {
    if (row < 0 || row >= batch()) {
      throw sdk::Failure(WELT_OUT_OF_RANGE, "reorder asks for row " + std::to_string(row) + " of a cache with " +
                                                std::to_string(batch()) + " rows");
    }
    lengths.push_back(lengths_[static_cast<std::size_t>(row)]);
    reach.push_back(reach_[static_cast<std::size_t>(row)]);
  }
  const at::NoGradGuard no_grad;
  const at::Tensor rows = at::tensor(at::ArrayRef<std::int64_t>(index.data(), index.size()), at::kLong);
  const auto chosen = [&](const at::Tensor& buffer) {
    return buffer.defined() ? at::index_select(buffer, 0, rows.to(buffer.device())) : buffer;
  };
  std::vector<Pair> layers;
  for (const Pair& pair : layers_) layers.push_back({chosen(pair.keys), chosen(pair.values)});
  std::vector<at::Tensor> snapshots;
  for (const at::Tensor& state : snapshots_) snapshots.push_back(chosen(state));
  layers_ = std::move(layers);
  snapshots_ = std::move(snapshots);
  lengths_ = std::move(lengths);
  reach_ = std::move(reach);
}

void Cache::check_reach(std::span<const std::int64_t> lengths) const {
  if (static_cast<std::int64_t>(lengths.size()) != batch()) {
    throw sdk::invalid("truncate was given " + std::to_string(lengths.size()) + " lengths for " +
                       std::to_string(batch()) + " rows");
  }
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::int64_t back = lengths_[i] - lengths[i];
    const bool states_gone = !layout_.states.empty() && back > reach_[i];
    if (lengths[i] >= 0 && back >= 0 && back <= rollback_ && !states_gone) continue;
    std::string message = "truncate would take row " + std::to_string(i) + " from " + std::to_string(lengths_[i]) +
                          " slots to " + std::to_string(lengths[i]) + "; the cache was made to go back at most " +
                          std::to_string(rollback_);
    if (states_gone && back <= rollback_) {
      message += ", and of its states only those of the last " + std::to_string(reach_[i]) + " slots are left";
    }
    throw sdk::Failure(WELT_OUT_OF_RANGE, message);
  }
}

void Cache::truncate(std::span<const std::int64_t> lengths) {
  check_reach(lengths);
  take_back(lengths);
  lengths_.assign(lengths.begin(), lengths.end());
}

Cache Cache::fork() const {
  const at::NoGradGuard no_grad;
  Cache copy(*this);  // snapshots are never written to, only replaced: both may share them
  for (Pair& pair : copy.layers_) {
    if (pair.keys.defined()) pair = {pair.keys.clone(), pair.values.clone()};
  }
  return copy;
}

Cache::Pair Cache::layer(std::int64_t layer, const at::TensorOptions& options) {
  const at::NoGradGuard no_grad;
  Pair& pair = layers_.at(static_cast<std::size_t>(layer));
  if (!pair.keys.defined()) {
    // Zeros, not empty: a masked slot has weight 0, and 0 · NaN would still be NaN.
    pair = {at::zeros({batch(), layout_.kv_heads, capacity_, layout_.key_width}, options),
            at::zeros({batch(), layout_.kv_heads, capacity_, layout_.value_width}, options)};
  }
  return pair;
}

Cache::Pair Cache::append(std::int64_t layer, const at::Tensor& rows, const at::Tensor& keys, const at::Tensor& values,
                          std::int64_t span) {
  const at::NoGradGuard no_grad;
  const Pair pair = this->layer(layer, keys.options());
  const std::int64_t added = keys.size(2);
  const bool even = std::ranges::all_of(lengths_, [&](std::int64_t length) { return length == lengths_.front(); });
  if (even && !rows.defined()) {
    const std::int64_t at = lengths_.empty() ? 0 : lengths_.front();
    pair.keys.narrow(2, at, added).copy_(keys);
    pair.values.narrow(2, at, added).copy_(values);
  } else {
    const at::TensorOptions whole = keys.options().dtype(at::kLong);
    const at::Tensor row = rows.defined() ? rows : at::arange(batch(), whole);               // [n]
    const at::Tensor all = at::tensor(lengths_, at::kLong).to(keys.device());                // [B]
    const at::Tensor filled = at::index_select(all, 0, row);                                 // [n]
    const at::Tensor slot = filled.unsqueeze(1).add(at::arange(added, whole).unsqueeze(0));  // [n, T]
    const at::Tensor row_of = row.unsqueeze(1).expand_as(slot);
    pair.keys.transpose(1, 2).index_put_({row_of, slot}, keys.transpose(1, 2).to(pair.keys.scalar_type()));
    pair.values.transpose(1, 2).index_put_({row_of, slot}, values.transpose(1, 2).to(pair.values.scalar_type()));
  }
  const auto read = [&](const at::Tensor& buffer, at::ScalarType type) {
    const at::Tensor view = buffer.narrow(2, 0, span);
    return (rows.defined() ? at::index_select(view, 0, rows) : view).to(type);
  };
  return {read(pair.keys, keys.scalar_type()), read(pair.values, values.scalar_type())};
}

void Cache::commit(std::span<const std::int64_t> added) {
  keep_written();
  for (std::size_t i = 0; i < lengths_.size(); ++i) {
    lengths_[i] += added[i];
    reach_[i] = std::min(rollback_, reach_[i] + added[i]);
  }
}

}  // namespace welt::nn
