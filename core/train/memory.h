// What a training run needs of this machine's memory, and what is free. Asked before any is taken.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"

namespace welt {

struct MemoryNeed {
  std::int64_t weights = 0, gradients = 0, optimizer = 0;  // bytes, exact
  std::int64_t copies = 0;                                 // of weights in bfloat16: amp by LibTorch
  std::int64_t activations = 0;                            // estimated (activations.h)
  std::int64_t total() const { return weights + gradients + optimizer + copies + activations; }
  // Estimates are off by up to 15 %: less than this will not do.
  std::int64_t least() const { return total() - activations * 15 / 100; }
  // With the program itself: what a run's `peak_memory_bytes` will be about.
  std::int64_t peak() const { return program + total(); }
  std::string text() const;  // of the total: "1.6 GB"

  // LibTorch, the plugins, a text of some megabytes and what libraries set aside, measured: bench/memory.py.
  std::int64_t program = 0;
};

// Of steps that compute `rows` rows at once. `spec`: of the model that the recipe trains, wherever its weights are
// from.
MemoryNeed memory_need(const Recipe& recipe, const WeltSpec& spec, std::int64_t rows);

struct FreeMemory {
  std::int64_t bytes = 0;  // 0: not known
  std::string text;        // "this machine has 12.0 GB free"
};

// Of the machine, or of what its control group or train.memory_gb allow.
FreeMemory free_memory(const Recipe& recipe);

// Throws Error (resource_exhausted) with the parts and the keys that would help; `smaller_batch` is what to do where it
// is the activations that are too many.
[[noreturn]] void refuse_memory(const Recipe& recipe, const WeltSpec& spec, const MemoryNeed& need,
                                const FreeMemory& free, const std::string& smaller_batch);

}  // namespace welt
