// See schema.h.
#include "core/plugin/schema.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/plugin/strings.h"

namespace welt {

std::vector<SchemaKey> schema_keys(const ComponentType& type) {
  std::vector<SchemaKey> keys;
  if (type.schema == nullptr || type.schema->keys == nullptr) return keys;
  const auto* bytes = reinterpret_cast<const unsigned char*>(type.schema->keys);
  const std::uint64_t stride = type.schema->key_size;
  for (std::uint64_t i = 0; i < type.schema->count; ++i) {
    // A plugin of another minor version has shorter or longer keys: take what both sides know, the rest is zero.
    welt_config_key raw{};
    std::memcpy(&raw, bytes + i * stride, std::min<std::size_t>(stride, sizeof raw));
    const std::size_t known = std::min<std::size_t>(raw.struct_size, sizeof raw);
    std::memset(reinterpret_cast<unsigned char*>(&raw) + known, 0, sizeof raw - known);
    SchemaKey key{text_of(raw.name),
                  raw.type,
                  (raw.flags & WELT_CONFIG_NULLABLE) != 0,
                  (raw.flags & WELT_CONFIG_REQUIRED) != 0,
                  {},
                  raw.minimum,
                  raw.maximum,
                  texts_of(raw.choices),
                  text_of(raw.help)};
    if (raw.default_json.size > 0) {
      key.fallback = nlohmann::json::parse(view_of(raw.default_json), nullptr, false);
      if (key.fallback->is_discarded()) {
        fail({type.plugin->path.string(),
              fmt::format("the default of key \"{}\" of \"{}\" is {}", key.name, type.id, view_of(raw.default_json)),
              "JSON", "Tell the plugin's author"},
             ErrorCode::failed_precondition);
      }
    }
    if (key.name.empty()) {
      fail({type.plugin->path.string(),
            fmt::format("key {} of the schema of \"{}\" has no name", i, type.id),
            {},
            "Tell the plugin's author"},
           ErrorCode::failed_precondition);
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
