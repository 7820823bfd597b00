// How far two tensors are apart, value by value.
#pragma once

#include <ATen/core/Tensor.h>

namespace welt {

// |b − a| of two float64 tensors of one shape. The same NaN or infinity on both sides is no difference, 0; where one
// alone is not finite it is infinite.
at::Tensor distance(const at::Tensor& a, const at::Tensor& b);

}  // namespace welt
