// See adafactor.h.
#include "core/train/adafactor.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace welt {
namespace {

constexpr double least_square = 1e-30, least_scale = 1e-3;

bool is_factored(const at::Tensor& tensor) { return tensor.dim() >= 2; }

double root_mean_square(const at::Tensor& values) {
  return at::linalg_vector_norm(values).item<double>() / std::sqrt(static_cast<double>(values.numel()));
}

// mean ← keep · mean + (1 − keep) · now, in place; in the type that the rule computes in.
at::Tensor moved(at::Tensor& mean, const at::Tensor& now, double keep) {
  mean.mul_(keep).add_(now, 1 - keep);
  return computing(mean);
}

}  // namespace

void AdafactorRule::prepare(OptimizerSlot& slot) const {
  const at::Tensor values = computing(slot.tensor.detach());
  const auto zeros = [&](at::IntArrayRef shape) { return at::zeros(shape, values.options()); };
  const std::vector<std::int64_t> shape = values.sizes().vec();
  if (!is_factored(values)) {
    slot.state = {zeros({0}), zeros({0}), zeros(shape)};
  } else {
    std::vector<std::int64_t> columns(shape.begin(), shape.end() - 2);
    columns.push_back(shape.back());
    slot.state = {zeros(at::IntArrayRef(shape).slice(0, shape.size() - 1)), zeros(columns), zeros({0})};
  }
  slot.state.push_back(at::zeros({}, at::kFloat));
}

std::string AdafactorRule::complaint(std::string_view state, const at::Tensor& values) const {
  if (state != "step") return values.lt(0).any().item<bool>() ? "squares below 0" : "";
  const double steps = values.item<double>();
  return steps < 0 || steps != std::floor(steps) ? fmt::format("{} steps", steps) : "";
}

void AdafactorRule::step(const std::vector<OptimizerSlot*>& slots, double rate, double weight_decay) const {
  for (OptimizerSlot* slot : slots)
    if (slot->tensor.numel() > 0) step_one(*slot, rate, weight_decay);
}

void AdafactorRule::step_one(OptimizerSlot& slot, double rate, double weight_decay) const {
  const at::Tensor gradient = computing(slot.tensor.grad());  // [..., R, C] or [N]
  slot.state[3].add_(1);
  const double keep = 1 - std::pow(slot.state[3].item<double>(), -options_.decay);
  if (options_.scale_parameter) rate *= std::max(least_scale, root_mean_square(computing(slot.tensor.detach())));
  const at::Tensor squares = gradient.square().add_(least_square);
  at::Tensor update;
  if (is_factored(gradient)) {
    const at::Tensor rows = moved(slot.state[0], squares.mean(at::IntArrayRef{-1}), keep);     // [..., R]
    const at::Tensor columns = moved(slot.state[1], squares.mean(at::IntArrayRef{-2}), keep);  // [..., C]
    const at::Tensor share = rows.div(rows.mean(at::IntArrayRef{-1}, /*keepdim=*/true)).rsqrt_().unsqueeze(-1);
    update = share.mul(columns.unsqueeze(-2).rsqrt()).mul_(gradient);
  } else {
    update = moved(slot.state[2], squares, keep).rsqrt().mul_(gradient);
  }
  update.div_(std::max(1.0, root_mean_square(update) / options_.clip));
  apply_update(slot, update, rate, weight_decay, rate);
}

}  // namespace welt
