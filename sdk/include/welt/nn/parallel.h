// A loop over the host's threads: those that LibTorch's own operators run on. None is started here.
#pragma once

#include <c10/util/FunctionRef.h>

#include <cstdint>

namespace welt::nn {

// task(i) for every i of 0 … count − 1, in any order, on as many threads as LibTorch is allowed. Tasks throw nothing.
void in_parallel(std::int64_t count, c10::function_ref<void(std::int64_t)> task);

}  // namespace welt::nn
