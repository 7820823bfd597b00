// See rounded_state.h.
#include "core/train/rounded_state.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty_like.h>

#include <bit>
#include <cmath>

#include "core/base/philox.h"

namespace welt {
namespace {

// SplitMix64's finaliser (Steele, Lea & Flood 2014): 16 well-mixed bits an element, without a state.
std::uint32_t draw16(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t bits = seed + index * 0x9E3779B97F4A7C15;
  bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
  return static_cast<std::uint32_t>(bits >> 48);
}

}  // namespace

at::Tensor rounded_to_bfloat16(const at::Tensor& values, std::uint64_t seed) {
  const at::Tensor from = values.to(at::kCPU).contiguous();
  at::Tensor to = at::empty_like(from, from.options().dtype(at::kBFloat16));
  const float* const in = from.const_data_ptr<float>();
  auto* const out = reinterpret_cast<std::uint16_t*>(to.mutable_data_ptr<at::BFloat16>());
  at::parallel_for(0, from.numel(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(in[i]);
      const std::uint32_t up = std::isfinite(in[i]) ? draw16(seed, static_cast<std::uint64_t>(i)) : 0;
      out[i] = static_cast<std::uint16_t>((bits + up) >> 16);
    }
  });
  return to.to(values.device());
}

RoundedStates::RoundedStates(const std::vector<OptimizerSlot*>& slots, std::int64_t step) : step_(step) {
  for (OptimizerSlot* slot : slots)
    for (at::Tensor& state : slot->state) {
      if (state.scalar_type() != at::kBFloat16 || slot->tensor.scalar_type() == at::kBFloat16) continue;
      state = state.to(at::kFloat);
      states_.push_back(&state);
    }
}

void RoundedStates::round() {
  for (std::size_t i = 0; i < states_.size(); ++i)
    *states_[i] = rounded_to_bfloat16(
        *states_[i], philox64(static_cast<std::uint64_t>(states_[i]->numel()), static_cast<std::uint64_t>(step_), i));
}

}  // namespace welt
