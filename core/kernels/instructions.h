// Which of the processor's instructions the kernels use: chosen once, by CPUID. Any thread.
//
// WELT_KERNELS=baseline|avx2|avx512|avx512_bf16 asks for less than there is, WELT_KERNELS=off for LibTorch's own
// operators alone. What the processor lacks is not used, whatever is asked for.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "core/kernels/kernel_table.h"

namespace welt::kernels {

struct InstructionSet {
  const char* name;
  bool (*available)();  // here
  const Kernels* kernels;
};

// All that this program was built with, the plainest first.
const std::vector<InstructionSet>& instruction_sets();

// The best that is here, or what WELT_KERNELS says; null: off. Throws Error for a name that is not known.
const InstructionSet* chosen_instructions();

// 1 while a set is chosen, else 0.
const std::atomic<int>& kernels_in_use();

// For tests: `set` from now on (null: off). [no kernel runs meanwhile]
void choose_instructions(const InstructionSet* set);

}  // namespace welt::kernels
