// The norm between the parts of a WeLT model. Any thread.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/rms_norm.h>

namespace welt {

// torch.nn.RMSNorm(eps=None) on float32: the machine epsilon of float32, also in other dtypes (as in the Python WeLT).
// In the weight's dtype: under autocast x comes out of a product as bfloat16.
inline at::Tensor welt_rms_norm(const at::Tensor& x, const at::Tensor& weight) {
  return at::rms_norm(x.to(weight.scalar_type()), {x.size(-1)}, weight, 1.1920929e-07);
}

}  // namespace welt
