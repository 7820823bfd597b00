// See schema.h.
#include "core/plugin/schema.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/plugin/strings.h"
#include "core/plugin/table_reader.h"

namespace welt {
namespace {

constexpr std::uint64_t least_key = offsetof(welt_config_key, flags);  // name and type: the members that a key is
constexpr std::uint64_t largest_key = 4096;
constexpr int deepest_default = 32;

// Key `index` of the table. A plugin of another minor version has shorter or longer keys: what both sides know is
// taken, the rest is zero.
welt_config_key raw_key(const welt_config_schema_v1& schema, std::uint64_t index) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(schema.keys) + index * schema.key_size;
  welt_config_key raw{};
  std::memcpy(&raw, bytes, std::min<std::size_t>(schema.key_size, sizeof raw));
  const std::size_t known = std::min<std::size_t>(raw.struct_size, sizeof raw);
  std::memset(reinterpret_cast<unsigned char*>(&raw) + known, 0, sizeof raw - known);
  return raw;
}

void check_table(const ComponentType& type, const TableReader& reader) {
  const welt_config_schema_v1& schema = *type.schema;
  const std::string where = fmt::format("the configuration schema of \"{}\"", type.id);
  if (schema.count == 0) return;
  if (schema.keys == nullptr) reader.refuse(fmt::format("{} has {} keys, but no data", where, schema.count), "keys");
  if (schema.count > longest_table_list) {
    reader.refuse(fmt::format("{} has {} keys", where, schema.count), fmt::format("at most {}", longest_table_list));
  }
  if (schema.key_size < least_key || schema.key_size > largest_key || schema.key_size % alignof(welt_config_key) != 0) {
    reader.refuse(fmt::format("{} says that a key has {} bytes", where, schema.key_size),
                  fmt::format("sizeof(welt_config_key), {} here", sizeof(welt_config_key)));
  }
  for (std::uint64_t i = 0; i < schema.count; ++i) {
    const std::uint32_t size = raw_key(schema, i).struct_size;
    if (size < least_key || size > schema.key_size) {
      reader.refuse(fmt::format("key {} of {} says that it has {} bytes", i, where, size),
                    fmt::format("{} to {}, the key_size", least_key, schema.key_size));
    }
  }
}

// The default, or nothing where there is none.
std::optional<nlohmann::json> default_of(const welt_config_key& raw, const std::string& whose,
                                         const TableReader& reader) {
  const std::string text = reader.text(raw.default_json, "the default of " + whose, TableText::json);
  if (text.empty()) return std::nullopt;
  try {
    return parse_json(text, deepest_default);
  } catch (const Error& error) {
    reader.refuse(fmt::format("the default of {} is {}", whose, error.what()), "JSON");
  }
}

SchemaKey read_key(const welt_config_key& raw, const std::string& whose, const TableReader& reader) {
  SchemaKey key;
  key.name = reader.text(raw.name, "the name of " + whose, TableText::name);
  const std::string named = fmt::format("key \"{}\", {}", key.name, whose);
  if (key.name.starts_with('.') || key.name.ends_with('.') || key.name.find("..") != std::string::npos) {
    reader.refuse("an empty part is in the name of " + named, "parts between the dots");
  }
  if (!(raw.minimum <= raw.maximum)) {
    reader.refuse(fmt::format("the range of {} is {} to {}", named, raw.minimum, raw.maximum), "from low to high");
  }
  key.type = raw.type;
  key.nullable = (raw.flags & WELT_CONFIG_NULLABLE) != 0;
  key.required = (raw.flags & WELT_CONFIG_REQUIRED) != 0;
  key.irrelevant = (raw.flags & WELT_CONFIG_IRRELEVANT) != 0;
  key.fallback = default_of(raw, named, reader);
  key.minimum = raw.minimum;
  key.maximum = raw.maximum;
  key.choices = reader.texts(raw.choices, "choices of " + named, TableText::line);
  key.help = reader.text(raw.help, "the help of " + named);
  return key;
}

}  // namespace

std::vector<SchemaKey> schema_keys(const ComponentType& type) {
  std::vector<SchemaKey> keys;
  if (type.schema == nullptr) return keys;
  const TableReader reader(type.plugin->path.string());
  check_table(type, reader);
  for (std::uint64_t i = 0; i < type.schema->count; ++i) {
    const std::string whose = fmt::format("number {} of the configuration schema of \"{}\"", i, type.id);
    const welt_config_key raw = raw_key(*type.schema, i);
    SchemaKey key = read_key(raw, whose, reader);
    if (std::ranges::find(keys, key.name, &SchemaKey::name) != keys.end()) {
      reader.refuse(fmt::format("key \"{}\" is twice in the configuration schema of \"{}\"", key.name, type.id),
                    "each name once");
    }
    if ((raw.flags & WELT_CONFIG_SPELLING) != 0) {
      if (keys.empty()) reader.refuse(whose + " is another name of the key before it", "a key before it");
      key.spelling_of = keys.back().name;
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

std::string type_name(const SchemaKey& key) {
  static constexpr const char* names[] = {"any value", "null",   "true or false", "integer",
                                          "number",    "string", "list",          "table"};
  const std::string name = key.type < std::size(names) ? names[key.type] : "any value";
  return key.nullable ? name + " or null" : name;
}

}  // namespace welt
