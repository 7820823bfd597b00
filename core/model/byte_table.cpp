// See byte_table.h.
#include "core/model/byte_table.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

namespace welt {
namespace {

constexpr std::int64_t byte_count = 256, bit_count = 8;

at::Tensor bits_of_bytes(const at::TensorOptions& options) {
  at::Tensor bits = at::empty({byte_count, bit_count}, at::kFloat);
  float* out = bits.mutable_data_ptr<float>();
  for (std::int64_t value = 0; value < byte_count; ++value)
    for (std::int64_t bit = 0; bit < bit_count; ++bit)
      *out++ = static_cast<float>((value >> (bit_count - 1 - bit)) & 1);
  return bits.to(options);
}

}  // namespace

ByteTable::ByteTable(std::int64_t width, double initializer_range, const at::TensorOptions& options)
    : base(at::empty({byte_count, width}, options).normal_(0.0, initializer_range).requires_grad_()),
      projection(at::zeros({width, bit_count}, options).requires_grad_()) {}

ByteTable::ByteTable(at::Tensor base_table, at::Tensor bit_projection)
    : base(std::move(base_table)), projection(std::move(bit_projection)) {}

at::Tensor ByteTable::folded() const {
  const c10::impl::ExcludeDispatchKeyGuard exact(c10::autocast_dispatch_keyset);
  return at::addmm(base, bits_of_bytes(base.options().requires_grad(false)), projection.t());  // [256,E]
}

}  // namespace welt
