// Products that the host makes itself. Any thread.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt {

// x weightᵀ + bias, as at::linear; by a kernel where x has so few rows that reading the weight takes the time, and no
// gradient is wanted.   x [.., in], weight [out, in], bias [out] or undefined → [.., out]
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

}  // namespace welt
