// Descriptors and config schemas written as C++ values; the SDK keeps the C tables that are made from them.
//
//   static Schema schema() {
//     return {integer("hidden_size", 768, "width D").range(1, 1 << 20),
//             text("hidden_act", "gelu", "activation of the feed-forward part"),
//             number("rope_theta", 10000.0, "base of the rotary frequencies").nullable()};
//   }
#pragma once

#include <welt/abi/config_schema.h>
#include <welt/sdk/base.hpp>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt::sdk {
inline namespace v0_1 {

// What a component is; see welt_component_descriptor.
struct Descriptor {
  std::string id, description;
  std::vector<std::string> roles = {};
  std::vector<std::string> hf_model_types = {}, hf_architectures = {};
  std::uint32_t default_pooling = 0, flags = 0;
};

// One key of a config; see welt_config_key.
struct Key {
  std::string name;
  std::uint32_t type;
  std::string default_json, help;
  std::uint32_t flags = 0;
  double minimum = 0, maximum = 0;
  std::vector<std::string> choices = {};

  Key& range(double low, double high) & { return minimum = low, maximum = high, *this; }
  Key range(double low, double high) && { return range(low, high), std::move(*this); }
  Key nullable() && { return flags |= WELT_CONFIG_NULLABLE, std::move(*this); }
  Key required() && { return flags |= WELT_CONFIG_REQUIRED, default_json.clear(), std::move(*this); }
  Key one_of(std::vector<std::string> values) && { return choices = std::move(values), std::move(*this); }
  // No default: where it is not given it stays absent, also in the config.json that a checkpoint gets.
  Key optional() && { return default_json.clear(), std::move(*this); }
  // The default is null (and null is allowed).
  Key null_default() && { return default_json = "null", std::move(*this).nullable(); }
};
using Schema = std::vector<Key>;

namespace detail {

inline std::string json_text(std::string_view value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string json(1, '"');  // not "\"" + …: GCC 12 warns of it at -O2, in the plugin that includes this
  for (const char c : value) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20) {
      json.append("\\u00").append(1, digits[code >> 4]).append(1, digits[code & 15]);
    } else {
      if (c == '"' || c == '\\') json.push_back('\\');
      json.push_back(c);
    }
  }
  json.push_back('"');
  return json;
}

inline std::string shown(double value) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

// "a, b, c"
inline std::string listed(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + item;
  return out;
}

}  // namespace detail

inline Key integer(std::string name, std::int64_t value, std::string help) {
  return {std::move(name), WELT_VALUE_INTEGER, std::to_string(value), std::move(help)};
}
inline Key number(std::string name, double value, std::string help) {
  return {std::move(name), WELT_VALUE_NUMBER, detail::shown(value), std::move(help)};
}
inline Key boolean(std::string name, bool value, std::string help) {
  return {std::move(name), WELT_VALUE_BOOL, value ? "true" : "false", std::move(help)};
}
inline Key text(std::string name, std::string_view value, std::string help) {
  return {std::move(name), WELT_VALUE_STRING, detail::json_text(value), std::move(help)};
}
// Of any type: the component checks it. `value_json`: the default as JSON; a range holds for numbers only.
inline Key any(std::string name, std::string_view value_json, std::string help) {
  return {std::move(name), 0, std::string(value_json), std::move(help)};
}
inline Key irrelevant(std::string name) {
  Key key = any(std::move(name), "null", "changes no result").optional();
  key.flags |= WELT_CONFIG_IRRELEVANT;
  return key;
}
inline Key table(std::string name, std::string help) {
  return Key{std::move(name), WELT_VALUE_TABLE, "null", std::move(help)}.null_default();
}
inline Key list(std::string name, std::string help) {
  return Key{std::move(name), WELT_VALUE_LIST, "null", std::move(help)}.null_default();
}

namespace detail {

inline std::vector<welt_string> abi_list(const std::vector<std::string>& items) {
  std::vector<welt_string> out;
  for (const std::string& item : items) out.push_back(to_abi(item));
  return out;
}

// Owns the texts behind a C descriptor. Not movable: the C struct points into it.
class DescriptorTable {
 public:
  explicit DescriptorTable(Descriptor descriptor)
      : value_(std::move(descriptor)),
        roles_(abi_list(value_.roles)),
        model_types_(abi_list(value_.hf_model_types)),
        architectures_(abi_list(value_.hf_architectures)) {
    table_.struct_size = sizeof(table_);
    table_.id = to_abi(value_.id);
    table_.description = to_abi(value_.description);
    table_.roles = {roles_.data(), roles_.size()};
    table_.hf_model_types = {model_types_.data(), model_types_.size()};
    table_.hf_architectures = {architectures_.data(), architectures_.size()};
    table_.default_pooling = value_.default_pooling;
    table_.flags = value_.flags;
  }
  DescriptorTable(const DescriptorTable&) = delete;
  DescriptorTable& operator=(const DescriptorTable&) = delete;
  const welt_component_descriptor& table() const { return table_; }
  const Descriptor& value() const { return value_; }

 private:
  Descriptor value_;
  std::vector<welt_string> roles_, model_types_, architectures_;
  welt_component_descriptor table_{};
};

class SchemaTable {
 public:
  explicit SchemaTable(Schema schema) : value_(std::move(schema)), choices_(value_.size()), keys_(value_.size()) {
    for (std::size_t i = 0; i < value_.size(); ++i) {
      const Key& key = value_[i];
      choices_[i] = abi_list(key.choices);
      keys_[i] = {.struct_size = sizeof(welt_config_key),
                  .name = to_abi(key.name),
                  .type = key.type,
                  .flags = key.flags,
                  .default_json = to_abi(key.default_json),
                  .minimum = key.minimum,
                  .maximum = key.maximum,
                  .choices = {choices_[i].data(), choices_[i].size()},
                  .help = to_abi(key.help)};
    }
    table_ = {.struct_size = sizeof(table_),
              .keys = keys_.data(),
              .count = keys_.size(),
              .key_size = sizeof(welt_config_key)};
  }
  SchemaTable(const SchemaTable&) = delete;
  SchemaTable& operator=(const SchemaTable&) = delete;
  const welt_config_schema_v1& table() const { return table_; }

 private:
  Schema value_;
  std::vector<std::vector<welt_string>> choices_;
  std::vector<welt_config_key> keys_;
  welt_config_schema_v1 table_{};
};

}  // namespace detail
}  // namespace v0_1
}  // namespace welt::sdk
