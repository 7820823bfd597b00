// What the operators over the kernels share.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include "core/kernels/instructions.h"

namespace welt::kernels {

inline Number number_of(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? Number::bfloat16 : Number::float32;
}
inline at::ScalarType type_of(Number number) { return number == Number::bfloat16 ? at::kBFloat16 : at::kFloat; }

// The set in use. Operators are called only while there is one (op_names.h).
inline const Kernels& table() {
  const InstructionSet* set = chosen_instructions();
  TORCH_CHECK(set != nullptr, "kernels are switched off by WELT_KERNELS");
  return *set->kernels;
}

// float32 or bfloat16 on the CPU?
inline void check_number(const at::Tensor& x, const char* name) {
  TORCH_CHECK(x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16), name, " is ",
              x.toString(), "; expected float32 or bfloat16 on the CPU");
}

inline const void* data_or_null(const at::Tensor& x) { return x.defined() ? x.const_data_ptr() : nullptr; }

constexpr std::int64_t whole_vectors(std::int64_t width) { return (width + 15) / 16 * 16; }

}  // namespace welt::kernels
