// Packed rows for a component that takes dense ones only (no WELT_COMPONENT_PACKED): blocks of rows of equal length.
//
// No padding exists in them: attention stays within a row, so that every block is a dense call of its own. Called by
// TensorComponent. Letters as in rows.h of the ABI: N rows, E and D widths; n rows of a block, T its tokens per row.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// Immutable once made. [any thread]
class RowBuckets {
 public:
  // row_offsets: I64 [N+1] on the CPU, ascending from 0 to `tokens`; anything else throws Error, starting with `where`.
  RowBuckets(const at::Tensor& row_offsets, std::int64_t tokens, std::string_view where);

  std::size_t count() const { return lengths_.size(); }  // blocks; none when there are no tokens
  bool one_block() const {
    return count() == 1 && block_rows_.front() == rows_;
  }  // no other row, not even an empty one

  // [tokens, …] of the caller's → the blocks' [n, T, …], with graph. Undefined: undefined for each block. Throws Error
  // naming `name` when the first dimension is not `tokens`.
  std::vector<at::Tensor> split(const at::Tensor& per_token, std::string_view name) const;
  // The blocks' [n, T, D] → [tokens, D] in the caller's order, with graph. There is at least one block.
  at::Tensor join_tokens(const std::vector<at::Tensor>& blocks) const;
  // The blocks' [n, D] → [N, D] in the caller's order, with graph. Throws Error when a row is empty.
  at::Tensor join_rows(const std::vector<at::Tensor>& blocks) const;

 private:
  std::string where_;
  std::int64_t rows_ = 0, tokens_ = 0;
  std::vector<std::int64_t> lengths_, block_rows_, block_tokens_;  // T, n and n·T of each block
  at::Tensor order_, inverse_;                                     // I64 [tokens]; undefined: as the caller has them
  at::Tensor row_inverse_;                                         // I64 [N], the same for rows that are not empty
};

}  // namespace welt
