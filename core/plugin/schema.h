// A component's configuration schema as C++ values, read once from the plugin's table whatever its version's layout.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugin/registry.h"

namespace welt {

struct SchemaKey {
  std::string name;        // "rope_scaling.factor"
  std::uint32_t type = 0;  // WELT_VALUE_…; 0: any
  bool nullable = false, required = false;
  std::optional<nlohmann::json> fallback;  // the default; absent: none
  double minimum = 0, maximum = 0;         // both 0: no range
  std::vector<std::string> choices;
  std::string help;
  bool irrelevant = false;  // changes no result
  std::string spelling_of;  // the key that this is another name of, and counts before; empty: none
};

// The keys in the plugin's order; none for a component without a schema. Throws Error for a default that is no JSON.
std::vector<SchemaKey> schema_keys(const ComponentType& type);

// "integer", "string or null": what a person reads.
std::string type_name(const SchemaKey& key);

}  // namespace welt
