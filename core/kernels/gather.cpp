// See gather.h.
#include "core/kernels/gather.h"

#include <ATen/ops/embedding.h>

#include "core/kernels/instructions.h"
#include "core/kernels/operators.h"

namespace welt {

at::Tensor gather_rows(const at::Tensor& table, const at::Tensor& index) {
  const at::ScalarType type = table.scalar_type();
  const bool taken = table.device().is_cpu() && table.dim() == 2 && index.device().is_cpu() &&
                     index.scalar_type() == at::kLong &&
                     (type == at::kFloat || type == at::kBFloat16 || type == at::kDouble);
  return taken && kernels::chosen_instructions() != nullptr ? kernels::gather_rows(table, index)
                                                            : at::embedding(table, index);
}

}  // namespace welt
