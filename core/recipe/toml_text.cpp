// See toml_text.h.
#include "core/recipe/toml_text.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "core/base/error.h"

namespace welt {
namespace {

constexpr int deepest_key = 32;

// Every dot of a key makes a table in a table; TOML++ limits brackets (256) but not dots. Looks at the text outside of
// strings and comments; returns the line of the first key with more than `deepest_key` dots, or 0.
int line_of_too_deep_key(std::string_view text) {
  int line = 1, dots = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const bool long_form = text.substr(i, 3) == std::string(3, c);
      const std::string_view close = text.substr(i, long_form ? 3 : 1);
      for (i += close.size(); i < text.size() && text.substr(i, close.size()) != close; ++i) {
        if (text[i] == '\n' && !long_form) break;
        if (text[i] == '\\' && c == '"') ++i;
        if (i < text.size() && text[i] == '\n') ++line;
      }
      i += close.size() - 1;
      if (!long_form && i < text.size() && text[i] == '\n') ++line, dots = 0;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size()) - 1;
    } else if (c == '.') {
      if (++dots > deepest_key) return line;
    } else if (std::string_view("={}[],\n").find(c) != std::string_view::npos) {
      dots = 0;
      if (c == '\n') ++line;
    }
  }
  return 0;
}

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += {'\\', c};
    else if (c == '\n')
      result += "\\n";
    else if (c == '\t')
      result += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else
      result += c;
  }
  return result + "\"";
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& file) {
  if (const int line = line_of_too_deep_key(text); line > 0)
    fail({fmt::format("{}:{}", file, line), fmt::format("a key with more than {} dots", deepest_key), "fewer levels"});
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    fail({fmt::format("{}:{}", file, error.source().begin.line),
          fmt::format("is no TOML (column {}): {}", error.source().begin.column, error.description())});
  }
}

nlohmann::json json_of(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string:
      return node.ref<std::string>();
    case toml::node_type::integer:
      return node.ref<std::int64_t>();
    case toml::node_type::boolean:
      return node.ref<bool>();
    case toml::node_type::floating_point: {
      const double number = node.ref<double>();
      if (!std::isfinite(number)) throw std::invalid_argument("the number " + fmt::format("{}", number));
      return number;
    }
    case toml::node_type::array: {
      nlohmann::json list = nlohmann::json::array();
      for (const toml::node& entry : *node.as_array()) list.push_back(json_of(entry));
      return list;
    }
    case toml::node_type::table: {
      nlohmann::json object = nlohmann::json::object();
      for (const auto& [key, value] : *node.as_table()) object[std::string(key.str())] = json_of(value);
      return object;
    }
    default:
      throw std::invalid_argument("a date or time");
  }
}

std::string describe_value(const nlohmann::json& value) {
  if (value.is_string()) {
    const std::string text = toml_string(value.get_ref<const std::string&>());
    return text.size() <= 100 ? "the string " + text : "a string of " + std::to_string(text.size()) + " characters";
  }
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number_float()) return "the number " + toml_value(value);
  if (value.is_number()) return "the whole number " + value.dump();
  return value.is_array() ? "a list" : "a table";
}

std::string toml_value(const nlohmann::json& value) {
  if (value.is_string()) return toml_string(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const std::string text = fmt::format("{}", value.get<double>());  // the shortest that reads back as the same
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
  }
  if (!value.is_structured()) return value.dump();
  std::string text;
  if (value.is_array()) {
    for (const auto& entry : value) text += (text.empty() ? "" : ", ") + toml_value(entry);
    return "[" + text + "]";
  }
  for (const auto& [key, entry] : value.items())
    text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", toml_key(key), toml_value(entry));
  return "{" + text + "}";
}

std::string toml_key(std::string_view key) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  for (const char c : key)
    if (!bare(c)) return toml_string(key);
  return key.empty() ? "\"\"" : std::string(key);
}

}  // namespace welt
