// States of an optimizer that are kept in bfloat16, unrolled to float32 for a step. Rounding to the nearest would lose
// every change below 1/512 of a value, which for slow averages are all of them; so a value is rounded up with the
// probability of how far it is on the way. Inside core/train/optimizer.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "core/train/optimizer.h"

namespace welt {

class RoundedStates {
 public:
  // The slots' bfloat16 states become float32 ones until round().
  RoundedStates(const std::vector<OptimizerSlot*>& slots, std::int64_t step);
  void round();

 private:
  std::vector<at::Tensor*> states_;
  std::int64_t step_;
};

// float32 values, rounded so. The draw depends on (seed, index of the element) alone, so that every device has the
// same: it is made on the CPU.
at::Tensor rounded_to_bfloat16(const at::Tensor& values, std::uint64_t seed);

}  // namespace welt
