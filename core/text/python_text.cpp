// See python_text.h.
#include "core/text/python_text.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "core/base/utf8.h"

#include <fmt/format.h>

namespace welt {
namespace {

using Json = nlohmann::ordered_json;

// repr(float): the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16.
std::string float_text(double value) {
  char buffer[400];
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto form = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, form);
  std::string text(buffer, end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string quoted_json(const std::string& text) { return Json(text).dump(); }

// What str.isprintable() calls unprintable, of the assigned code points; U+0020 is printable.
bool is_unprintable(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range ranges[] = {
      {0x00, 0x1F},       {0x7F, 0xA0},       {0xAD, 0xAD},       {0x600, 0x605},     {0x61C, 0x61C},
      {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},     {0x1680, 0x1680},
      {0x180E, 0x180E},   {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},   {0x3000, 0x3000},
      {0xE000, 0xF8FF},   {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD}, {0x110CD, 0x110CD},
      {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE00FF}, {0xF0000, 0x10FFFF}};
  for (const Range& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

// repr(str): in double quotes only where there are single ones and no double ones.
std::string quoted_repr(const std::string& text) {
  const bool has_single = text.find('\'') != std::string::npos, has_double = text.find('"') != std::string::npos;
  const char32_t quote = has_single && !has_double ? '"' : '\'';
  std::string out(1, static_cast<char>(quote));
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = decode_utf8(text, at);
    const auto value = static_cast<std::uint32_t>(c);
    if (c == quote || c == '\\')
      out += {'\\', static_cast<char>(c)};
    else if (c == '\n' || c == '\r' || c == '\t')
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    else if (!is_unprintable(c))
      append_utf8(out, c);
    else if (c <= 0xFF)
      out += fmt::format("\\x{:02x}", value);
    else
      out += c <= 0xFFFF ? fmt::format("\\u{:04x}", value) : fmt::format("\\U{:08x}", value);
  }
  return out += static_cast<char>(quote);
}

struct Dialect {
  std::string_view null, yes, no;
  std::string (*text)(const std::string&);
};

constexpr Dialect json_dialect = {"null", "true", "false", quoted_json};
constexpr Dialect repr_dialect = {"None", "True", "False", quoted_repr};

std::string written(const Json& value, const Dialect& dialect) {
  std::string out;
  const auto separate = [&] {
    if (out.size() > 1) out += ", ";
  };
  switch (value.type()) {
    case Json::value_t::array:
      out += '[';
      for (const Json& entry : value) separate(), out += written(entry, dialect);
      return out += ']';
    case Json::value_t::object:
      out += '{';
      for (const auto& [key, entry] : value.items())
        separate(), out += dialect.text(key) + ": " + written(entry, dialect);
      return out += '}';
    case Json::value_t::string:
      return dialect.text(value.get_ref<const std::string&>());
    case Json::value_t::boolean:
      return std::string(value.get<bool>() ? dialect.yes : dialect.no);
    case Json::value_t::number_float:
      return float_text(value.get<double>());
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return value.dump();
    case Json::value_t::null:
    case Json::value_t::binary:
    case Json::value_t::discarded:
      break;
  }
  return std::string(dialect.null);
}

}  // namespace

std::string python_json(const Json& value) { return written(value, json_dialect); }

std::string python_repr(const Json& value) { return written(value, repr_dialect); }

}  // namespace welt
