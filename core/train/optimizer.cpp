// See optimizer.h.
#include "core/train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include <map>

#include "core/base/error.h"
#include "core/tensor/finite.h"
#include "core/tensor/tensor_io.h"
#include "core/train/rounded_state.h"

namespace welt {
namespace {

// Elements whose state is unrolled at once from bfloat16.
constexpr std::int64_t chunk_elements = 4 << 20;

bool is_rounded(const OptimizerSlot& slot, const at::Tensor& state) {
  return state.dim() > 0 && state.numel() > 1 && state.is_floating_point() && slot.tensor.scalar_type() == at::kFloat;
}

}  // namespace

at::Tensor computing(const at::Tensor& values) {
  const bool shorter = values.scalar_type() == at::kBFloat16 || values.scalar_type() == at::kHalf;
  return shorter ? values.to(at::kFloat) : values;
}

void apply_update(OptimizerSlot& slot, const at::Tensor& update, double rate, double weight_decay, double factor) {
  if (weight_decay != 0) slot.tensor.mul_(1 - rate * weight_decay);
  slot.tensor.add_(update.to(slot.tensor.scalar_type()), -factor);
}

std::string UpdateRule::complaint(std::string_view, const at::Tensor& values) const {
  return squares_are_finite(values) ? "" : "values too large for any gradient's";
}

Optimizer::Optimizer(std::vector<Group> groups, StateStorage storage) : groups_(std::move(groups)), storage_(storage) {
  const at::NoGradGuard no_grad;
  for (Group& group : groups_)
    for (OptimizerSlot& slot : group.slots) {
      group.rule->prepare(slot);
      for (at::Tensor& state : slot.state)
        if (storage_ == StateStorage::bfloat16 && is_rounded(slot, state)) state = state.to(at::kBFloat16);
    }
  if (storage_ == StateStorage::bfloat16) steps_ = at::zeros({}, at::kLong);
}

void Optimizer::step(double learning_rate, double held_share) {
  const at::NoGradGuard no_grad;
  if (steps_.defined()) steps_.add_(1);
  for (Group& group : groups_) step_group(group, learning_rate, held_share);
}

void Optimizer::step_group(Group& group, double learning_rate, double held_share) {
  std::map<std::pair<double, double>, std::vector<OptimizerSlot*>> alike;  // by rate and decay
  for (OptimizerSlot& slot : group.slots)
    if (slot.tensor.grad().defined())
      alike[{learning_rate * slot.rate * (slot.held ? held_share : 1), slot.weight_decay}].push_back(&slot);
  for (auto& [rates, slots] : alike) {
    if (storage_ == StateStorage::as_parameters) {
      group.rule->step(slots, rates.first, rates.second);
      continue;
    }
    std::vector<OptimizerSlot*> chunk;
    std::int64_t elements = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      chunk.push_back(slots[i]);
      elements += slots[i]->tensor.numel();
      if (elements < chunk_elements && i + 1 < slots.size()) continue;
      RoundedStates unrolled(chunk, steps_.item<std::int64_t>());
      group.rule->step(chunk, rates.first, rates.second);
      unrolled.round();
      chunk.clear();
      elements = 0;
    }
  }
}

std::vector<std::pair<std::string, at::Tensor*>> Optimizer::state() {
  std::vector<std::pair<std::string, at::Tensor*>> all;
  for (Group& group : groups_) {
    const std::vector<std::string> names = group.rule->state_names();
    for (OptimizerSlot& slot : group.slots)
      for (std::size_t i = 0; i < names.size(); ++i) all.emplace_back(slot.name + "." + names[i], &slot.state[i]);
  }
  if (steps_.defined()) all.emplace_back("steps", &steps_);
  return all;
}

void Optimizer::save(const std::filesystem::path& file) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : state()) tensors.emplace_back(name, *tensor);
  save_tensors(file, tensors);
}

void Optimizer::load(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  std::vector<std::string> problems;
  for (const auto& [name, into] : state()) {
    const SafetensorsEntry* entry = file.find(name);
    if (!entry)
      problems.push_back(name + ": missing");
    else if (at::IntArrayRef(entry->shape) != into->sizes())
      problems.push_back(fmt::format("{}: shape {} in the file, {} in the model", name, shape_text(entry->shape),
                                     shape_text(into->sizes())));
    else if (const auto dtype = safetensors_dtype(into->scalar_type()); entry->dtype != dtype)
      problems.push_back(fmt::format("{}: type {} in the file, expected {}", name, entry->dtype, dtype));
    else if (const at::Tensor values = copied_tensor(file, *entry); !all_finite(values))
      problems.push_back(name + ": values that are not finite");
    else
      *into = values.to(into->device());
  }
  for (const Group& group : groups_) {
    const std::vector<std::string> names = group.rule->state_names();
    for (const OptimizerSlot& slot : group.slots)
      for (std::size_t i = 0; i < names.size(); ++i)
        if (const std::string wrong = group.rule->complaint(names[i], slot.state[i]); !wrong.empty())
          problems.push_back(fmt::format("{}.{}: {}", slot.name, names[i], wrong));
  }
  if (!problems.empty())
    fail({path.string(),
          fmt::format("the optimizer's state does not fit the model:\n  {}", fmt::join(problems, "\n  ")),
          {},
          "Resume with the recipe that wrote it, or remove this checkpoint to go on from the one before"});
}

}  // namespace welt
