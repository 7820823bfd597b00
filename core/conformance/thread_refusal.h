// Threads that are asked for and not given: whoever starts one for the length of a call is found by it.
#pragma once

#include <cstddef>

namespace welt::conformance {

// From now on this process gets no further thread, for good (seccomp): for a child that ends with its test. Where the
// system does not have that, nothing changes.
void refuse_threads();
// How many were asked for since.
std::size_t threads_refused();

}  // namespace welt::conformance
