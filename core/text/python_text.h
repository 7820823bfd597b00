// JSON values as Python writes them, for texts that must equal those of Python programs. Any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace welt {

// json.dumps(value, ensure_ascii=False): keys in their order, ", " and ": " between.
std::string python_json(const nlohmann::ordered_json& value);

// repr(value) of what json.loads makes of it. Of characters outside ASCII, those of C1, the white space and the format
// characters are escaped as Python does; code points that Unicode has not assigned are not.
std::string python_repr(const nlohmann::ordered_json& value);

}  // namespace welt
