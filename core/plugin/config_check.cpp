// Checking a configuration against a component's schema, and filling in defaults.
#include "core/plugin/config_check.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"

namespace welt {
namespace {

using nlohmann::json;

bool fits(const SchemaKey& key, const json& value) {
  switch (key.type) {
    case WELT_VALUE_NULL:
      return value.is_null();
    case WELT_VALUE_BOOL:
      return value.is_boolean();
    case WELT_VALUE_INTEGER:
      return value.is_number_integer();
    case WELT_VALUE_NUMBER:
      return value.is_number();
    case WELT_VALUE_STRING:
      return value.is_string();
    case WELT_VALUE_LIST:
      return value.is_array();
    case WELT_VALUE_TABLE:
      return value.is_object();
    default:
      return true;
  }
}

std::string shown(const json& value) {
  std::string text = json_text(value);
  constexpr std::size_t longest = 60;
  if (text.size() > longest) {
    std::size_t cut = longest;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut) + "…";
  }
  return text;
}

// What is wrong with a value that is there; "" when nothing is.
std::string complaint(const SchemaKey& key, const json& value) {
  if (value.is_null() && key.nullable) return {};
  if (!fits(key, value)) return fmt::format("found {}, expected {}", shown(value), type_name(key));
  const bool ranged = key.minimum != 0 || key.maximum != 0;
  if (ranged && value.is_number()) {
    const double number = value.get<double>();
    if (!(number >= key.minimum && number <= key.maximum)) {
      return fmt::format("found {}, expected {} to {}", shown(value), key.minimum, key.maximum);
    }
  }
  if (value.is_string() && !key.choices.empty()) {
    const auto text = value.get<std::string>();
    if (std::ranges::find(key.choices, text) == key.choices.end()) {
      const std::string near = nearest(text, key.choices);
      return fmt::format("found {}, expected one of: {}{}", shown(value), fmt::join(key.choices, ", "),
                         near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near));
    }
  }
  return {};
}

// The table that `name` ("a.b.c") lies in, and its last part. Null: there is no such table. `make` makes missing ones.
std::pair<json*, std::string> parent_of(json& config, const std::string& name, bool make) {
  json* table = &config;
  std::size_t begin = 0;
  for (std::size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', begin)) {
    const std::string part = name.substr(begin, dot - begin);
    if (!table->is_object()) return {nullptr, {}};
    if (!table->contains(part)) {
      if (!make) return {nullptr, {}};
      (*table)[part] = json::object();
    }
    table = &(*table)[part];
    begin = dot + 1;
  }
  return {table->is_object() ? table : nullptr, name.substr(begin)};
}

// A nested key whose table is itself a key of the schema exists only while that table does.
bool has_own_parent(const SchemaKey& key, const std::vector<SchemaKey>& keys) {
  return std::ranges::any_of(keys, [&](const SchemaKey& other) { return key.name.starts_with(other.name + "."); });
}

void find_unknown(const std::vector<SchemaKey>& keys, const json& table, const std::string& prefix,
                  std::vector<std::string>& problems) {
  std::vector<std::string> names;
  for (const SchemaKey& key : keys) names.push_back(key.name);
  for (const auto& [part, value] : table.items()) {
    const std::string name = prefix + part;
    const bool known = std::ranges::find(names, name) != names.end();
    const bool has_below = std::ranges::any_of(names, [&](const auto& other) { return other.starts_with(name + "."); });
    if (!known && !has_below) {
      const std::string near = nearest(name, names);
      problems.push_back(fmt::format("unknown key \"{}\"{}", name,
                                     near.empty() ? fmt::format("; known: {}", fmt::join(names, ", "))
                                                  : fmt::format(" (did you mean \"{}\"?)", near)));
    } else if (has_below && value.is_object()) {
      find_unknown(keys, value, name + ".", problems);
    } else if (!known) {
      problems.push_back(fmt::format("key \"{}\": found {}, expected table", name, shown(value)));
    }
  }
}

}  // namespace

std::vector<std::string> unknown_keys(const std::vector<SchemaKey>& keys, const json& config) {
  std::vector<std::string> problems;
  find_unknown(keys, config, "", problems);
  return problems;
}

std::vector<std::string> check_and_fill(const std::vector<SchemaKey>& keys, json& config) {
  std::vector<std::string> problems;
  for (const SchemaKey& key : keys) {
    const auto [table, part] = parent_of(config, key.name, !has_own_parent(key, keys));
    if (table == nullptr) continue;
    if (const auto value = table->find(part); value != table->end()) {
      const std::string wrong = complaint(key, *value);
      if (!wrong.empty()) problems.push_back(fmt::format("key \"{}\": {}", key.name, wrong));
    } else if (key.required) {
      problems.push_back(fmt::format("key \"{}\" is missing: {}{}", key.name, type_name(key),
                                     key.help.empty() ? "" : ", " + key.help));
    } else if (key.fallback) {
      (*table)[part] = *key.fallback;
    }
  }
  return problems;
}

}  // namespace welt
