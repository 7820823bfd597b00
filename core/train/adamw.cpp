// See adamw.h.
#include "core/train/adamw.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

namespace welt {

AdamW::AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options) : options_(options) {
  for (const ModelParameter& parameter : parameters)
    slots_.push_back({parameter, at::zeros_like(parameter.tensor.detach()), at::zeros_like(parameter.tensor.detach()),
                      at::zeros({}, at::kFloat)});
}

void AdamW::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  for (const bool decay : {true, false}) {
    std::vector<at::Tensor> parameters, gradients, averages, squares, steps;
    for (Slot& slot : slots_) {
      at::Tensor& tensor = slot.parameter.tensor;
      if (slot.parameter.decay != decay || !tensor.grad().defined()) continue;
      slot.step.add_(1);
      parameters.push_back(tensor);
      gradients.push_back(tensor.grad());
      averages.push_back(slot.exp_avg);
      squares.push_back(slot.exp_avg_sq);
      steps.push_back(slot.step);
    }
    if (parameters.empty()) continue;
    at::_fused_adamw_(parameters, gradients, averages, squares, {}, steps, learning_rate, options_.beta1,
                      options_.beta2, decay ? options_.weight_decay : 0.0, options_.eps, /*amsgrad=*/false,
                      /*maximize=*/false);
    // The fused update does not count as a change of its own accord: what is computed from a parameter and kept until
    // it changes (a plugin's interpolated position table) would be kept too long.
    for (const at::Tensor& parameter : parameters) parameter.unsafeGetTensorImpl()->bump_version();
  }
}

std::vector<std::pair<std::string, at::Tensor*>> AdamW::state() {
  std::vector<std::pair<std::string, at::Tensor*>> all;
  for (Slot& slot : slots_) {
    all.emplace_back(slot.parameter.name + ".exp_avg", &slot.exp_avg);
    all.emplace_back(slot.parameter.name + ".exp_avg_sq", &slot.exp_avg_sq);
    all.emplace_back(slot.parameter.name + ".step", &slot.step);
  }
  return all;
}

void add_adamw_keys(std::vector<RecipeKey>& keys) {
  keys.push_back({"train.weight_decay", "number", 0.01, "Decoupled weight decay of matrices", 0, 100});
  keys.push_back({"train.beta1", "number", 0.9, "AdamW's decay of the mean gradient", 0, 0.999999});
  keys.push_back({"train.beta2", "number", 0.999, "AdamW's decay of the mean squared gradient", 0, 0.99999999});
  keys.push_back({"train.eps", "number", 1e-8, "AdamW's addend in the denominator", 1e-30, 1});
}

OptimizerFactory adamw_of(const Recipe& recipe) {
  const AdamWOptions options{.weight_decay = recipe.number("train.weight_decay"),
                             .beta1 = recipe.number("train.beta1"),
                             .beta2 = recipe.number("train.beta2"),
                             .eps = recipe.number("train.eps")};
  return
      [options](const std::vector<ModelParameter>& parameters) { return std::make_unique<AdamW>(parameters, options); };
}

}  // namespace welt
