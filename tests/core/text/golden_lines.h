// The lines of a golden file of tests/goldens/text, with their keys in order.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace welt::test {

inline std::vector<nlohmann::ordered_json> golden_lines(const std::string& name) {
  std::istringstream lines(read_file(std::string(WELT_TEST_DATA) + "/text/" + name));
  std::vector<nlohmann::ordered_json> all;
  for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::ordered_json::parse(line));
  return all;
}

}  // namespace welt::test
