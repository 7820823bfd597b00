// See dion.h.
#include "core/train/dion.h"

#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

namespace welt {

void DionRule::prepare(OptimizerSlot& slot) const {
  const std::int64_t rows = slot.tensor.size(0), columns = slot.tensor.size(1);
  const std::int64_t rank = std::min({options_.rank, rows, columns});
  slot.state = {at::zeros_like(slot.tensor.detach()), at::randn({columns, rank}, slot.tensor.detach().options())};
}

void DionRule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  for (OptimizerSlot* slot : slots) {
    slot->state[0].add_(slot->tensor.grad());
    const at::Tensor momentum = computing(slot->state[0]);
    const at::Tensor basis = std::get<0>(at::linalg_qr(at::mm(momentum, computing(slot->state[1])), "reduced"));
    const at::Tensor right = at::mm(momentum.t(), basis);
    slot->state[0].sub_(at::mm(basis, right.t()).to(slot->state[0].scalar_type()), 1 - options_.momentum);
    const at::Tensor lengths = at::linalg_vector_norm(right, 2, at::IntArrayRef{0}, /*keepdim=*/true);
    const at::Tensor columns = right.div(lengths.add(options_.epsilon));
    slot->state[1].copy_(columns);
    const double factor =
        std::sqrt(static_cast<double>(slot->tensor.size(0)) / static_cast<double>(slot->tensor.size(1)));
    apply_update(*slot, at::mm(basis, columns.t()), rate, weight_decay, rate * factor);
  }
}

}  // namespace welt
