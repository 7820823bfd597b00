// Options by the names of transformers' GenerationConfig, with its defaults and meanings, for comparing with the Python
// WeLT.
#pragma once

#include <nlohmann/json.hpp>

#include "core/generate/generator.h"

namespace welt {

// Generation as the reference does it under these options (an object); without sampling, filters have no effect. Keys
// that change nothing there, or that nobody knows, are ignored. Throws Error for values outside their range and for
// what the reference fails at (returning several sequences, constrained or diverse beams, …).
GenerateOptions generation_config(const nlohmann::json& options);

// The same keys, read for a single step: filters apply whether or not do_sample is there.
GenerateOptions step_config(const nlohmann::json& options);

}  // namespace welt
