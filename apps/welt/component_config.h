// The configuration of a plugin's component on the command line: --set key=value.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace welt {

// Adds --set to a verb; `values` gets "key=value" texts.
CLI::Option* add_component_settings(CLI::App& verb, std::vector<std::string>& values, const char* help);

// The keys as an object. A value is JSON; what is no JSON is a text. Throws Error for what has no key, or no "=".
nlohmann::json component_settings(const std::vector<std::string>& values);

}  // namespace welt
