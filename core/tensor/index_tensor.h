// Index lists as tensors. The list is not copied.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <cstdint>
#include <vector>

namespace welt {

// Without a copy. Autograd keeps index tensors until the backward pass: the list must live as long (those of the batch
// and of the plans do).
inline at::Tensor as_tensor(const std::vector<std::int64_t>& list) {
  return at::from_blob(const_cast<std::int64_t*>(list.data()), {static_cast<std::int64_t>(list.size())}, at::kLong);
}

// 0 and 1 as BOOL, without a copy; an empty list is an undefined tensor.
inline at::Tensor as_mask(const std::vector<std::uint8_t>& list) {
  if (list.empty()) return {};
  return at::from_blob(const_cast<std::uint8_t*>(list.data()), {static_cast<std::int64_t>(list.size())}, at::kBool);
}

}  // namespace welt
