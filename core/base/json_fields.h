// Values of a JSON object that somebody wrote by hand or a program sends: what those who read and refuse them share.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace welt {

// The value of that name; null where there is none, or where it is null, which counts as absent, as in Python.
inline const nlohmann::json* value_in(const nlohmann::json& object, const char* name) {
  const auto at = object.find(name);
  return at == object.end() || at->is_null() ? nullptr : &*at;
}

// A whole number from `least` to `most`; one beyond the range of int64 is none, and does not wrap around.
inline bool is_integer_in(const nlohmann::json& value, std::int64_t least, std::int64_t most) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) return false;
  const auto number = value.get<std::int64_t>();
  return number >= least && number <= most;
}

}  // namespace welt
