// Between TOML text and JSON values. Used by the recipe loader and Recipe::to_toml only.
#pragma once

#include <toml++/toml.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace welt {

// Parses a document. Throws Error("<file>:<line>: …") for what is no TOML, and for keys nested so deeply that building
// and freeing their tables would overflow the stack.
toml::table parse_toml(std::string_view text, const std::string& file);

// The value as JSON. Throws std::invalid_argument with what it is ("a date") where JSON has no such thing.
nlohmann::json json_of(const toml::node& node);

// "the string \"x\"", "the whole number 3", "a list", …: the `found` of a message.
std::string describe_value(const nlohmann::json& value);

// A value as TOML: strings quoted, floats with a point or an exponent, objects as inline tables.
std::string toml_value(const nlohmann::json& value);
std::string toml_key(std::string_view key);  // bare where that is allowed, otherwise quoted

}  // namespace welt
