// See lion.h.
#include "core/train/lion.h"

#include <ATen/ops/zeros_like.h>

namespace welt {

void LionRule::prepare(OptimizerSlot& slot) const { slot.state = {at::zeros_like(slot.tensor.detach())}; }

void LionRule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  for (OptimizerSlot* slot : slots) {
    at::Tensor& momentum = slot->state[0];
    const at::Tensor gradient = slot->tensor.grad();
    const at::Tensor direction = momentum.mul(beta1_).add_(gradient, 1 - beta1_).sign_();
    momentum.mul_(beta2_).add_(gradient, 1 - beta2_);
    apply_update(*slot, direction, rate, weight_decay, rate);
  }
}

}  // namespace welt
