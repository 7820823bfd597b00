// The template of python_format.h: literal text, fields, and what they name in a row.
#include <algorithm>

#include <fmt/ranges.h>
#include "core/base/error.h"
#include "core/base/utf8.h"
#include "core/text/python_format.h"
#include "core/text/python_text.h"

namespace welt {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void fail_template(std::string_view whole, std::string_view found, std::string_view expected) {
  fail({fmt::format("the template \"{}\"", whole), std::string(found), std::string(expected),
        "A brace that is text is written twice: {{ }}"});
}

// ascii(): the repr with everything outside ASCII escaped.
std::string ascii_repr(const Json& value) {
  const std::string text = python_repr(value);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<std::uint32_t>(decode_utf8(text, at));
    if (c < 0x80)
      out += static_cast<char>(c);
    else
      out += c <= 0xFF     ? fmt::format("\\x{:02x}", c)
             : c <= 0xFFFF ? fmt::format("\\u{:04x}", c)
                           : fmt::format("\\U{:08x}", c);
  }
  return out;
}

std::string kind_of(const Json& value) {
  return value.is_null() ? "null" : fmt::format("a JSON {}", value.type_name());
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text) {
  std::size_t at = 0;
  parts_ = parse(text, at, 0, text);
}

// Up to the end of the text, or, inside a field (depth > 0), up to the brace that ends it.
std::vector<TextTemplate::Part> TextTemplate::parse(std::string_view text, std::size_t& at, int depth,
                                                    std::string_view whole) {
  std::vector<Part> parts;
  Part part;
  while (at < text.size()) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      part.literal += c, ++at;
    } else if (depth > 0 && c == '}') {
      break;
    } else if (depth == 0 && text.substr(at + 1).starts_with(c)) {
      part.literal += c, at += 2;
    } else if (c == '}') {
      fail_template(whole, fmt::format("a single }} at byte {}", at), "a { in front of it");
    } else {
      if (depth > 1) fail_template(whole, "fields inside fields inside fields", "two levels at most");
      const std::size_t begin = ++at;
      // Brackets hold anything but their own end.
      for (bool in_brackets = false; at < text.size(); ++at) {
        if (text[at] == '[') in_brackets = true;
        if (text[at] == ']') in_brackets = false;
        if (!in_brackets && (text[at] == '}' || text[at] == ':' || text[at] == '!')) break;
        if (!in_brackets && text[at] == '{')
          fail_template(whole, fmt::format("{{ inside a field's name at byte {}", at), "a name");
      }
      part.has_field = true;
      parse_field(text.substr(begin, at - begin), part, whole);
      if (at < text.size() && text[at] == '!') {
        part.conversion = at + 1 < text.size() ? text[at + 1] : '\0';
        if (std::string_view("rsa").find(part.conversion) == std::string_view::npos || part.conversion == '\0')
          fail_template(whole, fmt::format("an unknown conversion at byte {}", at), "!r, !s or !a");
        at += 2;
        if (at < text.size() && text[at] != ':' && text[at] != '}')
          fail_template(whole, fmt::format("text behind a conversion at byte {}", at), ": or }");
      }
      if (at < text.size() && text[at] == ':') part.specification = parse(text, ++at, depth + 1, whole);
      if (at >= text.size()) fail_template(whole, fmt::format("a field at byte {} has no end", begin - 1), "}");
      ++at;
      parts.push_back(std::move(part));
      part = {};
    }
  }
  parts.push_back(std::move(part));
  return parts;
}

void TextTemplate::parse_field(std::string_view field, Part& part, std::string_view whole) {
  const std::size_t end = std::min(field.find_first_of("[."), field.size());
  part.name = field.substr(0, end);
  if (part.name.empty() || part.name.find_first_not_of("0123456789") == std::string::npos)
    fail_template(whole, fmt::format("the field {{{}}}", field), "the name of a column");
  for (std::size_t at = end; at < field.size();) {
    const std::size_t close = field.find(']', at);
    if (field[at] != '[' || close == std::string_view::npos || close == at + 1)
      fail_template(whole, fmt::format("the field {{{}}}", field), "[key] or [0] behind the name");
    part.keys.emplace_back(field.substr(at + 1, close - at - 1));
    part.is_index.push_back(part.keys.back().find_first_not_of("0123456789") == std::string::npos);
    at = close + 1;
  }
}

const Json& TextTemplate::value_of(const Part& part, const Json& row) {
  const auto child = [](const Json& value, const std::string& key, const std::string& where) -> const Json& {
    const auto found = value.find(key);
    if (found != value.end()) return *found;
    std::vector<std::string> known;
    for (const auto& [name, ignored] : value.items()) known.push_back(name);
    const std::string near = nearest(key, known);
    fail({.where = where,
          .found = fmt::format("no field \"{}\"; there are: {}", key, fmt::join(known, ", ")),
          .mend = near.empty() ? "" : fmt::format("Did you mean \"{}\"?", near)});
  };
  std::string where = "the row";
  const Json* value = &child(row, part.name, where);
  where = fmt::format("the field {}", part.name);
  for (std::size_t i = 0; i < part.keys.size(); ++i) {
    const std::string& key = part.keys[i];
    if (part.is_index[i]) {
      if (!value->is_array()) fail({where, kind_of(*value), fmt::format("a list, to take [{}] of", key)});
      const std::size_t index = key.size() > 9 ? value->size() : std::stoul(key);
      if (index >= value->size())
        fail({where, fmt::format("a list of {}", value->size()), fmt::format("an element [{}]", key)});
      value = &(*value)[index];
    } else {
      if (!value->is_object()) fail({where, kind_of(*value), fmt::format("an object with \"{}\"", key)});
      value = &child(*value, key, where);
    }
    where += fmt::format("[{}]", key);
  }
  return *value;
}

std::string TextTemplate::format(const std::vector<Part>& parts, const Json& row) {
  std::string out;
  for (const Part& part : parts) {
    out += part.literal;
    if (!part.has_field) continue;
    const Json& value = value_of(part, row);
    const std::string specification = format(part.specification, row);
    if (part.conversion == 0)
      out += python_format(value, specification);
    else
      out += python_format(part.conversion == 'r'   ? python_repr(value)
                           : part.conversion == 'a' ? ascii_repr(value)
                                                    : python_str(value),
                           specification);
  }
  return out;
}

std::string TextTemplate::format(const Json& row) const { return format(parts_, row); }

}  // namespace welt
