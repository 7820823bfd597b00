// The list of tests as a page of the documentation has it.
#pragma once

#include <string>

#include "core/conformance/test.h"

namespace welt::conformance {

// A table in Markdown, a row a test: name, what it applies to, its sentence.
std::string tests_markdown(const TestList& tests);

}  // namespace welt::conformance
