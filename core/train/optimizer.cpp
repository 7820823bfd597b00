// See optimizer.h.
#include "core/train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/tensor_io.h"

namespace welt {
namespace {

bool all_finite(const at::Tensor& tensor) { return at::isfinite(tensor).all().item<bool>(); }

}  // namespace

AdamW::AdamW(const std::vector<ModelParameter>& parameters, const AdamWOptions& options) : options_(options) {
  for (const ModelParameter& parameter : parameters)
    slots_.push_back({parameter, at::zeros_like(parameter.tensor.detach()), at::zeros_like(parameter.tensor.detach()),
                      at::zeros({}, at::kFloat)});
}

double AdamW::gradient_norm() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Slot& slot : slots_)
    if (slot.parameter.tensor.grad().defined()) gradients.push_back(slot.parameter.tensor.grad());
  if (gradients.empty()) return 0.0;
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients, 2))).item<double>();
}

void AdamW::step(double learning_rate, double norm) {
  const at::NoGradGuard no_grad;
  const double scale = options_.clip > 0 ? std::min(1.0, options_.clip / (norm + 1e-6)) : 1.0;
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
    if (scale < 1.0) at::_foreach_mul_(gradients, scale);
    at::_fused_adamw_(parameters, gradients, averages, squares, {}, steps, learning_rate, options_.beta1,
                      options_.beta2, decay ? options_.weight_decay : 0.0, options_.eps, /*amsgrad=*/false,
                      /*maximize=*/false);
    // The fused update does not count as a change of its own accord: what is computed from a parameter and kept until
    // it changes (a plugin's interpolated position table) would be kept too long.
    for (const at::Tensor& parameter : parameters) parameter.unsafeGetTensorImpl()->bump_version();
  }
  for (Slot& slot : slots_) slot.parameter.tensor.mutable_grad().reset();
}

void AdamW::save(const std::filesystem::path& file) const {
  std::vector<NamedTensor> tensors;
  for (const Slot& slot : slots_) {
    tensors.emplace_back(slot.parameter.name + ".exp_avg", slot.exp_avg);
    tensors.emplace_back(slot.parameter.name + ".exp_avg_sq", slot.exp_avg_sq);
    tensors.emplace_back(slot.parameter.name + ".step", slot.step);
  }
  save_tensors(file, tensors);
}

void AdamW::load(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<std::string> problems;
  const auto read = [&](const std::string& name, at::Tensor& into) {
    const SafetensorsEntry* entry = file.find(name);
    if (!entry)
      problems.push_back(name + ": missing");
    else if (at::IntArrayRef(entry->shape) != into.sizes())
      problems.push_back(fmt::format("{}: shape {} in the file, {} in the model", name, shape_text(entry->shape),
                                     shape_text(into.sizes())));
    else if (const auto dtype = safetensors_dtype(into.scalar_type()); entry->dtype != dtype)
      problems.push_back(fmt::format("{}: type {} in the file, expected {}", name, entry->dtype, dtype));
    else
      into = copied_tensor(file, *entry).to(into.device());
  };
  for (Slot& slot : slots_) {
    read(slot.parameter.name + ".exp_avg", slot.exp_avg);
    read(slot.parameter.name + ".exp_avg_sq", slot.exp_avg_sq);
    read(slot.parameter.name + ".step", slot.step);
  }
  if (!problems.empty())
    fail({path.string(),
          fmt::format("the optimizer's state does not fit the model:\n  {}", fmt::join(problems, "\n  ")),
          {},
          "Resume with the recipe that wrote it"});
}

std::string AdamW::first_not_finite() const {
  for (const Slot& slot : slots_) {
    const ModelParameter& parameter = slot.parameter;
    const std::string name = "parameter group " + parameter.group + " (" + parameter.name + ")";
    if (!all_finite(parameter.tensor.detach())) return name;
    if (parameter.tensor.grad().defined() && !all_finite(parameter.tensor.grad())) return "the gradient of " + name;
  }
  return "";
}

}  // namespace welt
