// Checking a configuration against a component's schema, and filling in defaults. Pure functions over JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/plugin/schema.h"

namespace welt {

// One sentence for each key of `config` that the schema does not know, with the nearest that it does.
std::vector<std::string> unknown_keys(const std::vector<SchemaKey>& keys, const nlohmann::json& config);

// One sentence for each known key with a wrong type, range or choice, or missing though required. Absent keys get their
// default; one inside a table that is a key of its own (rope_scaling.factor) only where that table is given.
std::vector<std::string> check_and_fill(const std::vector<SchemaKey>& keys, nlohmann::json& config);

}  // namespace welt
