// Memory of this process.
#pragma once

#include <sys/resource.h>

#include <cstdint>

namespace welt {

// Largest resident set so far, in bytes.
inline std::int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace welt
