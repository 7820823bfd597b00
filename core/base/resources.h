// Memory of this process and this machine.
#pragma once

#include <cstdint>

namespace welt {

// Largest resident set so far, in bytes.
std::int64_t peak_memory();

// Bytes that this process may still take without swapping: the least of what the machine has available and what the
// process's control groups (version 2) leave. 0: not known.
std::int64_t available_memory();

}  // namespace welt
