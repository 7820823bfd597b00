// The built plugin as a component, and the goldens.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/plugin/registry.h"

namespace welt::test {

inline const Component& words_component() {
  static const Component component = [] {
    const ComponentType& type = Registry::instance().find("welt.segmenter/1", "words");
    return Component(type, ConfigView(type, nlohmann::json::object(), true, "test"), WELT_INIT_NONE);
  }();
  return component;
}

inline std::vector<nlohmann::json> golden_lines(const std::string& name) {
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/" + name);
  std::vector<nlohmann::json> out;
  for (std::string line; std::getline(file, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

}  // namespace welt::test
