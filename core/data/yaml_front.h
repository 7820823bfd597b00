// The YAML head of a dataset card (README.md between two lines of ---), as far as dataset cards use YAML: maps and
// lists by indentation, plain and quoted scalars, [a, b] on a line. Everything else stays a text.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace welt {

// An empty object where there is no head. Never throws: what is not understood is left out.
nlohmann::json yaml_front_matter(std::string_view readme);

}  // namespace welt
