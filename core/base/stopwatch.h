// Elapsed time by a clock that never jumps, for figures and limits.
#pragma once

#include <chrono>

namespace welt {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace welt
