// Threads that are asked for and not given: whoever starts one for the length of a call is found by it.
#pragma once

#include <cstddef>
#include <functional>

namespace welt::conformance {

// Runs both on a thread of its own, which gets no further thread during the second (seccomp; what the first one starts
// stays), and says how many were asked for then. What they throw is thrown here. Where the system does not have that,
// none is refused.
std::size_t threads_refused(const std::function<void()>& warm_up, const std::function<void()>& call);

}  // namespace welt::conformance
