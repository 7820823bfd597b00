// What came of a check, for programs: as JSON, and as JUnit's XML, which continuous integration shows.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/conformance/check.h"

namespace welt::conformance {

// `strict`: a warning counts as a failure.
nlohmann::json report_json(const CheckReport& report, bool strict);
// A test suite with a case for each test: its group is the class, a crash is an error. Always well-formed XML, whatever
// a plugin says.
std::string report_junit(const CheckReport& report, bool strict);

}  // namespace welt::conformance
