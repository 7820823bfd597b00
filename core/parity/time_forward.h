// How long a model of a Hugging Face folder takes for rows or images of one size, for `welt bench component`: to put
// beside the Python original, which bench/compare/zoo.py times on the same shapes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/huggingface/hf_source.h"

namespace welt {

struct TimedCall {
  std::int64_t rows = 8, length = 64;    // language models: rows of embeddings
  std::int64_t height = 32, width = 96;  // image encoders: `rows` images of this many pixels
  std::int64_t widths = 1;               // of so many widths, evenly up to `width`, in one call
  bool by_width = false;                 // in a call for each
  std::int64_t repeats = 7;              // after two of warm-up
  bool backward = false;                 // of the sum of the outputs' squares, down to every parameter
};

// {"milliseconds" (median), "fastest", "threads", "parameters" (without token table and head)}. `role`: an interface
// id. Inputs are random; evaluation mode, so that dropout has no part.
nlohmann::json time_forward(const HfSource& source, std::string_view role, at::ScalarType dtype, const TimedCall& call);

}  // namespace welt
