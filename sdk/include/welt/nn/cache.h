// What a causal model remembers between calls, per row: keys and values of every slot, states that sum the slots up, or
// both.
//
// Keys and values take memory for `capacity` slots at the first append. States take the same memory however long a row
// is: the state now, and a snapshot for each of the `rollback` slots that may be taken back. Both are kept in the dtype
// and on the device of what is written first. What a call writes counts only after commit(), so a forward that fails
// leaves the cache as it was. Nothing in here carries a gradient.
//
// Letters: B rows, n rows of a group (row_plan.h), T slots that a call adds to each of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace welt::nn {

// What a cache of a model holds. Nothing: the model has no cache.
struct CacheLayout {
  std::int64_t layers = 0, kv_heads = 0, key_width = 0, value_width = 0;  // keys and values of each layer
  std::vector<std::vector<std::int64_t>> states = {};                     // shape of each state of a row
  bool empty() const { return layers == 0 && states.empty(); }
};

class Cache {
 public:
  Cache(const CacheLayout& layout, std::int64_t batch, std::int64_t capacity, std::int64_t rollback);
  Cache(Cache&&) = default;

  std::int64_t batch() const { return static_cast<std::int64_t>(lengths_.size()); }
  std::int64_t capacity() const { return capacity_; }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }  // filled slots of each row
  std::int64_t bytes() const;

  // New row i is old row index[i].
  void reorder(std::span<const std::int64_t> index);
  // Row i keeps its first lengths[i] slots.
  void truncate(std::span<const std::int64_t> lengths);
  Cache fork() const;

  // In the next three, `rows` I64 [n] are the rows meant; undefined: all, in order (RowGroup::index).

  // Writes keys and values [n, Hkv, T, d] behind the filled slots and returns those rows' slots 0 … span−1 of the
  // layer, [n, Hkv, span, d].
  struct Pair {
    at::Tensor keys, values;
  };
  Pair append(std::int64_t layer, const at::Tensor& rows, const at::Tensor& keys, const at::Tensor& values,
              std::int64_t span);
  // A layer's whole buffers, [B, Hkv, capacity, d], for a caller that reads and writes them itself: new slots of row i
  // from lengths()[i] on. Made in the dtype and on the device of `options` if there are none yet.
  Pair layer(std::int64_t layer, const at::TensorOptions& options);
  // State number `state` as the filled slots have left it: [n, shape…], zeros where there are none yet.
  at::Tensor read(std::size_t state, const at::Tensor& rows, const at::TensorOptions& options) const;
  // The state after each slot that this call adds, [n, T, shape…], or after the last kept(T) of them only.
  void write(std::size_t state, const at::Tensor& rows, const at::Tensor& after);
  std::int64_t kept(std::int64_t added) const { return added < rollback_ + 1 ? added : rollback_ + 1; }

  // A call begins: what one that has failed left behind is forgotten.
  void begin() { written_.clear(); }
  // added[i] slots of row i count from now on.
  void commit(std::span<const std::int64_t> added);

 private:
  Cache(const Cache&) = default;
  void check_reach(std::span<const std::int64_t> lengths) const;  // of truncate()
  void take_back(std::span<const std::int64_t> lengths);          // states, to those lengths
  void keep_written();                                            // states, of a call that has succeeded

  struct Written {
    std::size_t state;
    at::Tensor rows, after;
  };

  CacheLayout layout_;
  std::int64_t capacity_, rollback_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::int64_t> reach_;    // how many slots of each row have snapshots before them
  std::vector<Pair> layers_;           // [B, Hkv, capacity, d] each, undefined before the first append
  std::vector<at::Tensor> snapshots_;  // [B, rollback + 1, shape…]: j slots ago; undefined before the first commit
  std::vector<Written> written_;       // by the call that is going on
};

}  // namespace welt::nn
