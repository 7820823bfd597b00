// The built plugin as a component, and the goldens.
#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/plugin/registry.h"

namespace welt::test {

// Whether a test that lacks what setup fetches fails instead of being skipped.
inline bool dictionaries_are_required() {
  const char* value = std::getenv("WELT_REQUIRE_DICTIONARIES");
  return value != nullptr && *value != '\0';
}

inline Component make_words(const nlohmann::json& config) {
  const ComponentType& type = Registry::instance().find("welt.segmenter/1", "words");
  return Component(type, ConfigView(type, config, true, "test"), WELT_INIT_NONE);
}

// By the defaults.
inline const Component& words_component() {
  static const Component component = make_words(nlohmann::json::object());
  return component;
}

// As the Python package has it.
inline const Component& reference_words() {
  static const Component component = make_words({{"reference_compatible", true}});
  return component;
}

// Without the data that setup fetches: the same on every machine with the same ICU.
inline const Component& icu_words() {
  static const Component component = make_words({{"chinese", "icu"}, {"japanese", "icu"}, {"thai", "icu"}});
  return component;
}

inline std::vector<nlohmann::json> golden_lines(const std::string& name) {
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/" + name);
  std::vector<nlohmann::json> out;
  for (std::string line; std::getline(file, line);) out.push_back(nlohmann::json::parse(line));
  return out;
}

}  // namespace welt::test
