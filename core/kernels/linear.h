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

// Who multiplies many rows in this type on this machine: the kernels or LibTorch (MKL, oneDNN)? Measured: the kernels
// in bfloat16, since oneDNN compiles a product anew for every number of rows, unless the processor has AMX; and in
// float32 with AVX-512 on other makers' processors than Intel's. WELT_PRODUCTS=kernels|library asks for one of them.
bool makes_products(at::ScalarType type);

}  // namespace kernels
}  // namespace welt
