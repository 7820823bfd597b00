// Timing of generation, for `welt bench generate`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "core/model/welt_model.h"

namespace welt {

// Greedy: `words` for each of `batch` copies of `prompt` (with a number in front, so that no two rows are one), once to
// warm up, then `repeats` times. Medians: {"batch", "words", "repeats", "threads", "words_per_second",
// "bytes_per_second" (written bytes and end bytes of all rows), "byte_steps_per_word", "milliseconds": {"word_step"
// (all rows), "byte_step" (all rows), "latent_step", "read_word", "prefill"}, "seconds", "peak_memory_bytes"}. Words
// that were read before come from the cache, as in use.
nlohmann::json bench_generate(WeltModel& model, const std::string& prompt, std::int64_t batch, std::int64_t words,
                              std::int64_t repeats);

}  // namespace welt
