// Products with a weight. Where this program's own are the faster ones, they are made by its kernels, else by LibTorch.
// Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace welt {

// x weightᵀ + bias, as at::linear, under autocast in its type; by a kernel of its own where x has so few rows that
// reading the weight takes the time, and no gradient is wanted.
//   x [.., in], weight [out, in], bias [out] or undefined → [.., out]
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

namespace kernels {

// The same for many rows, whether or not a gradient is wanted; with `turned`, x weight + bias of a weight [in, out].
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias, bool turned);

// Whether products of many rows in bfloat16 are the kernels', not oneDNN's, which compiles a product anew for every
// number of rows that packing brings: yes, unless the processor has AMX. In float32 they are MKL's, which is as fast.
// WELT_PRODUCTS=kernels|library asks for one of them.
bool makes_products();

}  // namespace kernels
}  // namespace welt
