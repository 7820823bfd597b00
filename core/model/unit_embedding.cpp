// See unit_embedding.h.
#include "core/model/unit_embedding.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include <limits>

#include "core/kernels/gather.h"

namespace welt {

at::Tensor embed_units(const at::Tensor& table, const at::Tensor& bytes, std::int64_t unit_bytes) {
  return gather_rows(table, bytes).view({-1, unit_bytes * table.size(1)});
}

at::Tensor unit_logits(const at::Tensor& table, const at::Tensor& head, Units units) {
  if (units.encoding() == Encoding::utf8) return head;
  const at::Tensor logits = at::linear(head.reshape({-1, table.size(1)}), table);  // [tokens·N,256]
  if (units.encoding() == Encoding::utf16) return logits;
  constexpr float never = -std::numeric_limits<float>::infinity();
  at::Tensor barred = at::zeros({units.bytes(), 256}, logits.options().requires_grad(false));  // added: gradients pass
  barred.select(0, 3).slice(0, 1).fill_(never);
  barred.select(0, 2).slice(0, 0x11).fill_(never);
  return logits.view({-1, units.bytes(), 256}).add(barred).view({-1, 256});
}

}  // namespace welt
