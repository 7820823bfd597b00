// Products with a weight. Where this program's own are the faster ones, they are made by its kernels, else by LibTorch.
// Any thread.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace welt {

// x weightᵀ + bias, as at::linear, under autocast in its type; with `turned`, x weight + bias.
//   x [.., in], weight [out, in] (turned: [in, out]), bias [out] → [.., out]
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias = {},
                  bool turned = false);

namespace kernels {

// Whether products of many rows in bfloat16 are the kernels', not oneDNN's, which compiles a product anew for every
// number of rows that packing brings: yes, unless the processor has AMX. In float32 they are MKL's, which is as fast.
// WELT_PRODUCTS=kernels|library asks for one of them.
bool makes_products();

}  // namespace kernels
}  // namespace welt
