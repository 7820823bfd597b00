// welt.tensor/1, the host's tensor service (core/abi tensor.h), over LibTorch. Registered once, by whoever first needs
// tensors to cross the plugin border; core/model's components do so themselves.
#pragma once

#include <ATen/core/Tensor.h>
#include <welt/abi/tensor.h>

#include <cstdint>
#include <optional>

namespace welt {

// Makes the service known to plugins under WELT_TENSOR_SERVICE. Idempotent. [any thread]
void register_tensor_service();
const welt_tensor_service& tensor_service();

// WELT_DTYPE_… ↔ at::ScalarType. Unknown: 0, and std::nullopt.
std::uint32_t abi_dtype(at::ScalarType type);
std::optional<at::ScalarType> scalar_type(std::uint32_t dtype);

// A new handle of `tensor`, for functions that give one away; and the way back, which ends the handle (null:
// undefined).
welt_tensor* give_tensor(const at::Tensor& tensor);
at::Tensor take_tensor(welt_tensor* handle);

}  // namespace welt
