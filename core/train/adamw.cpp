// See adamw.h.
#include "core/train/adamw.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/core.h>

#include <cmath>

namespace welt {

void AdamWRule::prepare(OptimizerSlot& slot) const {
  slot.state = {at::zeros_like(slot.tensor.detach()), at::zeros_like(slot.tensor.detach()), at::zeros({}, at::kFloat)};
}

std::string AdamWRule::complaint(std::string_view state, const at::Tensor& values) const {
  if (state == "exp_avg_sq") return values.lt(0).any().item<bool>() ? "squares below 0" : "";
  if (state != "step") return UpdateRule::complaint(state, values);
  const double steps = values.item<double>();
  return steps < 0 || steps != std::floor(steps) ? fmt::format("{} steps", steps) : "";
}

void AdamWRule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  std::vector<at::Tensor> parameters, gradients, averages, squares, steps;
  for (OptimizerSlot* slot : slots) {
    slot->state[2].add_(1);
    parameters.push_back(slot->tensor);
    gradients.push_back(slot->tensor.grad());
    averages.push_back(slot->state[0]);
    squares.push_back(slot->state[1]);
    steps.push_back(slot->state[2]);
  }
  at::_fused_adamw_(parameters, gradients, averages, squares, {}, steps, rate, options_.beta1, options_.beta2,
                    weight_decay, options_.eps, /*amsgrad=*/false, /*maximize=*/false);
  // The fused update does not count as a change of its own accord: what is computed from a parameter and kept until
  // it changes (a plugin's interpolated position table) would be kept too long.
  for (const at::Tensor& parameter : parameters) parameter.unsafeGetTensorImpl()->bump_version();
}

namespace {

std::vector<Optimizer::Group> one_group(const std::vector<ModelParameter>& parameters, const AdamWOptions& options) {
  Optimizer::Group group{.rule = std::make_shared<AdamWRule>(options), .slots = {}};
  for (const ModelParameter& parameter : parameters)
    group.slots.push_back({.name = parameter.name,
                           .tensor = parameter.tensor,
                           .weight_decay = parameter.decay ? options.weight_decay : 0});
  return {std::move(group)};
}

}  // namespace

AdamW::AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options)
    : Optimizer(one_group(parameters, options)) {}

}  // namespace welt
