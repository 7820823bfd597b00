// RowPlan: everything about the rows of one forward that all layers share. Built once per forward, by the SDK's
// adapter.
//
// Inside a model, tokens are flat: x is [tokens, D] in "plan order", whatever layout the caller used. Rows of equal
// length stand together in a group, so that attention runs on [n, T] blocks without padding and without an operator per
// row:
//   dense rows [N, T, E]   one group of N rows; plan order is the caller's order
//   packed rows            one group per run of equal lengths, plan order is the caller's when equal lengths already
//                          stand together (the host sorts words by length), else rows are sorted by length
// Masks are made when a layer first asks for them, and kept for the other layers. What each token is (of which
// document, hidden or not, first of its row) can be had without them, for models that have no attention.
//
// All tensors of a plan are where the embeds are. Masks and positions that lie on the CPU are looked at: masks that
// hide nothing are let go of. What lies on another device is taken as it is, for looking at it would wait for that
// device.
//
// A plan may be copied; copies share tensors. What must outlive a forward (checkpoint.h) keeps a copy.
//
// Letters: N rows, n rows of a group, T its tokens per row, S = cached + T slots.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "welt/nn/cache.h"

namespace welt::nn {

// Rows as they came over the border (rows.h of the ABI). Undefined tensors are null.
struct RowInput {
  at::Tensor embeds;       // [N, T, E], or [tokens, E] with
  at::Tensor row_offsets;  // I64 [N+1]
  bool causal = true;
  at::Tensor key_valid, document_id, prefix_id, dense;
  at::Tensor positions;    // I64 [N, T] or [tokens]
  at::Tensor token_types;  // the same
  Cache* cache = nullptr;
  std::int64_t first_position = 0;  // of each row, where positions are null
};

// How many slots a query sees to its left and right, itself not counted; −1: all.
struct Window {
  std::int64_t left = -1, right = -1;
  auto operator<=>(const Window&) const = default;
};

// Rows of equal length, standing together in plan order.
struct RowGroup {
  std::int64_t rows, length, first_token;  // n, T, tokens before it
  std::int64_t span;                       // S: slots that attention looks at
  std::int64_t first_row;                  // rows before it in plan order
  at::Tensor index;                        // I64 [n] their numbers; undefined: all rows, in order
};

// Who sees whom in one group.
struct GroupMask {
  bool causal_only = false;  // nothing but the triangle (T = S); `additive` holds it too, when asked for
  at::Tensor additive;       // 0 or a large negative number, [n or 1, 1, T, S]; undefined: everyone sees all
  at::Tensor unseeing;       // BOOL [n or 1, 1, T, 1]: queries that see no key; undefined: every query sees one
};

class RowPlan {
 public:
  using Trace = std::function<void(std::string_view name, const at::Tensor& value)>;

  // Checks shapes and dtypes; throws Failure naming the tensor.
  explicit RowPlan(const RowInput& input, Trace trace = {});

  // The caller's embeds as [tokens, E] in plan order, and a result back in the caller's layout.
  at::Tensor enter(const at::Tensor& embeds) const;
  at::Tensor leave(const at::Tensor& x) const;
  // Each row's first token.   x [tokens, D] in plan order → [N, D] in the caller's order
  at::Tensor first_tokens(const at::Tensor& x) const;

  std::int64_t rows() const { return rows_; }
  std::int64_t tokens() const { return tokens_; }
  const std::vector<RowGroup>& groups() const { return groups_; }
  const at::Tensor& positions() const { return positions_; }  // I64 [tokens], plan order
  // The largest of them, −1 without tokens. Of positions on another device: what null positions would have.
  std::int64_t longest_position() const { return longest_; }
  const at::Tensor& token_types() const { return token_types_; }  // I64 [tokens], plan order, or undefined
  Cache* cache() const { return input_.cache; }
  bool causal() const { return input_.causal; }
  bool has_dense_mask() const { return input_.dense.defined(); }  // which overrides all other rules
  // Each token sees the slots before it and itself, and no other rule but a window holds.
  bool causal_only() const {
    return input_.causal && !input_.dense.defined() && !key_valid_.defined() && !document_id_.defined() &&
           !prefix_id_.defined();
  }
  // I64 [N+1] on the CPU: the first token of each row in plan order, whatever layout the caller used.
  const at::Tensor& row_offsets() const;
  // Of each row in plan order: its row in the cache (none: the same number) and the slots that are there. On the CPU.
  struct CacheRows {
    std::optional<at::Tensor> index;  // I64 [N]
    at::Tensor filled;                // I64 [N]
  };
  const CacheRows& cache_rows() const;

  // What each token is, [tokens] in plan order. Undefined: all of a row are of one document, none is hidden, none is in
  // a prefix block.
  const at::Tensor& documents() const { return document_id_; }  // I64
  at::Tensor valid() const;                                     // BOOL; false: nothing may depend on this token
  const at::Tensor& prefixes() const { return prefix_id_; }     // I64; −1: in none
  // BOOL: first of its row (behind cached slots it is not) or of its document; what came before it does not count.
  at::Tensor starts() const;
  void commit() const;  // the forward has succeeded: the cache counts its slots

  const GroupMask& mask(std::size_t group, Window window, at::ScalarType type) const;

  // Hands a value [tokens, D] to the host's trace, in the caller's layout. Without one nothing is made, not even a
  // name.
  void trace(std::string_view name, const at::Tensor& x) const {
    if (trace_) trace_(name, leave(x));
  }
  // As "hidden_states.<i>": what goes into block i, or comes out of the last one.
  void trace_hidden(std::size_t i, const at::Tensor& x) const {
    if (trace_) trace("hidden_states." + std::to_string(i), x);
  }
  // As "layers.<layer>.<part>".
  void trace_part(std::size_t layer, std::string_view part, const at::Tensor& x) const {
    if (trace_) trace("layers." + std::to_string(layer) + "." + std::string(part), x);
  }
  bool traced() const { return static_cast<bool>(trace_); }

 private:
  void drop_idle_masks();
  void plan_dense();
  void plan_packed();
  void check_packed() const;
  void order_packed();  // plan_rows_, order_ and inverse_ from row_lengths_
  void group_packed();
  void plan_positions();
  void check_cache() const;
  std::int64_t cached_slots(std::int64_t row) const;
  at::Tensor indices(const std::vector<std::int64_t>& values) const;  // where the embeds are
  at::Tensor counted(std::int64_t count) const;                       // 0, 1, …, there
  at::Tensor flat(const at::Tensor& per_token) const;                 // the caller's [N, T] or [tokens] → plan order
  at::Tensor block(const at::Tensor& per_token, const RowGroup& group) const;  // plan order → [n, T]
  at::Tensor cached(const RowGroup& group) const;                              // I64 [n or 1, 1] filled slots
  at::Tensor allowed(const RowGroup& group, Window window) const;              // BOOL [n or 1, 1, T, S]
  bool needs_mask(const RowGroup& group, Window window) const;

  RowInput input_;
  Trace trace_;
  std::int64_t rows_ = 0, tokens_ = 0;
  std::vector<std::int64_t> row_lengths_;  // in the caller's order
  std::vector<RowGroup> groups_;
  at::Tensor order_, inverse_;           // I64 [tokens]; undefined: plan order is the caller's
  std::vector<std::int64_t> plan_rows_;  // row numbers in plan order
  at::Tensor positions_, token_types_;
  at::Tensor key_valid_, document_id_, prefix_id_;  // plan order, [tokens]; key_valid with a cache: [N, S]
  bool idle_valid_ = false, idle_document_ = false, idle_prefix_ = false;  // given, but they hide nothing
  std::int64_t longest_ = -1;
  mutable at::Tensor row_offsets_;
  mutable CacheRows cache_rows_;
  mutable std::map<std::tuple<std::size_t, Window, at::ScalarType>, GroupMask> masks_;
};

}  // namespace welt::nn
