// What a training run needs of this machine's memory, and what is free. Asked before any is taken.
#pragma once

#include <cstdint>
#include <string>

#include "core/model/welt_spec.h"
#include "core/recipe/recipe.h"

namespace welt {

struct MemoryNeed {
  std::int64_t weights = 0, gradients = 0, optimizer = 0;  // bytes, exact
  // Bytes of what a step keeps for its backward pass, at least: the inputs and outputs of all products, for rows of
  // words of 4 bytes (6 positions, and in the decoder one more for each further latent of model.decoder_context), half
  // of them distinct. A plugin may keep more, or with activation checkpointing less.
  std::int64_t activations = 0;
  std::int64_t total() const { return weights + gradients + optimizer + activations; }
  std::string text() const;  // "1.6 GB"
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
