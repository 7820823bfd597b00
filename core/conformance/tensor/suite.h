// All conformance tests, in the order in which they run: those of the file and the torch-free rules first.
#pragma once

#include "core/conformance/server.h"

namespace welt::conformance {

const Suite& conformance_suite();

}  // namespace welt::conformance
