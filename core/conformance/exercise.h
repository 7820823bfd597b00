// A little work for a component in every torch-free role it has: what a test does between create() and destroy().
#pragma once

#include <string>

#include "core/conformance/made.h"

namespace welt::conformance {

// Segments or draws a few words, and gives what came out as a text to compare. Other roles are not called here; ""
// where there is no other. Fails the test where a call does.
std::string exercise(Trial& trial, const Made& component);

}  // namespace welt::conformance
