// Timing of generation, for `welt bench generate`.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/model/welt_model.h"

namespace welt {

// Greedy: `words` for each prompt at most, all in one batch, once to warm up, then `repeats` times. Medians: {"batch",
// "texts" (what was written), "words", "repeats", "threads", "words_per_second" (of words written), "bytes_per_second"
// (written bytes and end bytes of all rows), "byte_steps_per_word", "milliseconds": {"word_step" (all rows),
// "byte_step" (all rows), "latent_step", "read_word", "prefill"}, "seconds", "peak_memory_bytes"}. Words that were read
// before come from the cache, as in use.
nlohmann::json bench_generate(WeltModel& model, const std::vector<std::string>& prompts, std::int64_t words,
                              std::int64_t repeats);

}  // namespace welt
