// What a causal model remembers between calls: keys and values of every layer, per row and slot.
//
// Capacity is fixed; memory is taken at the first append (its dtype is that of the keys then). Appended slots count
// only after commit(), so a forward that fails leaves the cache as it was.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace welt::nn {

// What a cache of a model holds per layer.
struct CacheLayout {
  std::int64_t layers = 0, kv_heads = 0, key_width = 0, value_width = 0;
};

class KvCache {
 public:
  KvCache(const CacheLayout& layout, std::int64_t batch, std::int64_t capacity, std::int64_t rollback);
  KvCache(KvCache&&) = default;

  std::int64_t batch() const { return static_cast<std::int64_t>(lengths_.size()); }
  std::int64_t capacity() const { return capacity_; }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }  // filled slots of each row
  std::int64_t bytes() const;

  // New row i is old row index[i].
  void reorder(std::span<const std::int64_t> index);
  // Row i keeps its first lengths[i] slots.
  void truncate(std::span<const std::int64_t> lengths);
  KvCache fork() const;

  // Writes keys and values [n, Hkv, T, d] of the given rows behind their filled slots and returns those rows' slots
  // 0 … span−1 of the layer, [n, Hkv, span, d]. `rows` undefined: all rows, in order.
  struct Pair {
    at::Tensor keys, values;
  };
  Pair append(std::int64_t layer, const at::Tensor& rows, const at::Tensor& keys, const at::Tensor& values,
              std::int64_t span);
  // The appended slots of every row count from now on.
  void commit(std::span<const std::int64_t> added);

 private:
  KvCache(const KvCache&) = default;

  CacheLayout layout_;
  std::int64_t capacity_, rollback_;
  std::vector<std::int64_t> lengths_;
  std::vector<Pair> layers_;  // [B, Hkv, capacity, d] each, undefined before the first append
};

}  // namespace welt::nn
