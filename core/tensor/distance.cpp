// See distance.h.
#include "core/tensor/distance.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/where.h>

#include <limits>

namespace welt {

at::Tensor distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor same = (a == b) | (at::isnan(a) & at::isnan(b)), apart = at::abs(b - a);
  return at::where(same, 0.0, at::where(at::isfinite(apart), apart, std::numeric_limits<double>::infinity()));
}

}  // namespace welt
