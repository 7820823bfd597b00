// See muon.h.
#include "core/train/muon.h"

#include <ATen/ops/zeros_like.h>

namespace welt {

void MuonRule::prepare(OptimizerSlot& slot) const { slot.state = {at::zeros_like(slot.tensor.detach())}; }

void MuonRule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  for (OptimizerSlot* slot : slots) {
    at::Tensor& momentum = slot->state[0];
    const at::Tensor gradient = slot->tensor.grad();
    momentum.mul_(options_.momentum).add_(gradient);
    const at::Tensor wanted = options_.nesterov ? gradient.add(momentum, options_.momentum) : momentum;
    const at::Tensor update = orthogonalize(computing(wanted), *options_.by, options_.epsilon, options_.products);
    const double factor = options_.adjustment->factor(static_cast<double>(slot->tensor.size(0)),
                                                      static_cast<double>(slot->tensor.size(1)));
    apply_update(*slot, update, rate, weight_decay, rate * factor);
  }
}

}  // namespace welt
