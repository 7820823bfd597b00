// Timing of training steps, for `welt bench train`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "core/recipe/recipe.h"

namespace welt {

// Runs warmup + steps training steps and returns medians: {"precision", "threads", "steps", "words_per_step",
// "words_per_second", "bytes_per_second" (real words and their bytes, whole step), "milliseconds": {"step", "data",
// "encode", "latent", "decoder", "backward", "optimizer"}, "products": {"flops_per_step", "share_of_step",
// "flops_per_second", "peak_flops_per_second" (a square product of 2,048 just after the steps), "utilisation" (of that
// peak, by the products of a whole step)}, "attention": {"share_of_step"} (of the kernel), "padding_share": {"words",
// "encoder", "decoder"}, "computed_share_of_padded_batch": {"encoder", "decoder"} (byte positions computed, against
// every slot of the batch padded to its longest word, which is what the Python WeLT computes), "peak_memory_bytes"}.
// Nothing is written.
nlohmann::json bench_train(const Recipe& recipe, std::int64_t steps, std::int64_t warmup);

}  // namespace welt
