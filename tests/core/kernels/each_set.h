// Runs a test's body with every instruction set that this machine has.
#pragma once

#include <ATen/Context.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include "core/kernels/instructions.h"

namespace welt::kernels {

template <typename Body>
void with_each_set(const Body& body) {
  at::manual_seed(7);
  const InstructionSet* before = chosen_instructions();
  int tried = 0;
  for (const InstructionSet& set : instruction_sets()) {
    if (!set.available()) continue;
    SCOPED_TRACE(set.name);
    choose_instructions(&set);
    body();
    ++tried;
  }
  choose_instructions(before);
  EXPECT_GE(tried, 1);
}

// ‖a − b‖ / ‖b‖, in float64.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  const double norm = b.to(at::kDouble).norm().item<double>();
  const double off = (a.to(at::kDouble) - b.to(at::kDouble)).norm().item<double>();
  return norm > 0 ? off / norm : off;
}

}  // namespace welt::kernels
