// See dion2.h.
#include "core/train/dion2.h"

#include <ATen/ops/index_select.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>

namespace welt {

void Dion2Rule::prepare(OptimizerSlot& slot) const { slot.state = {at::zeros_like(slot.tensor.detach())}; }

void Dion2Rule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  for (OptimizerSlot* slot : slots) {
    const auto rows = static_cast<double>(slot->tensor.size(0)), columns = static_cast<double>(slot->tensor.size(1));
    at::Tensor& momentum = slot->state[0];
    momentum.add_(slot->tensor.grad());
    const std::int64_t side = rows <= columns ? 0 : 1;
    const auto count = static_cast<std::int64_t>(
        std::max(1.0, std::ceil(options_.fraction * static_cast<double>(slot->tensor.size(side)))));
    const at::Tensor chosen = std::get<1>(at::topk(momentum.abs().sum(1 - side), count));
    const at::Tensor part = at::index_select(momentum, side, chosen);
    momentum.index_copy_(side, chosen, part.mul(options_.decay));
    const at::Tensor update = orthogonalize(computing(part), *options_.by, options_.epsilon, options_.products);
    if (weight_decay != 0) slot->tensor.mul_(1 - rate * weight_decay);
    slot->tensor.index_add_(side, chosen, update.to(slot->tensor.scalar_type()),
                            -rate * options_.adjustment->factor(rows, columns));
  }
}

}  // namespace welt
