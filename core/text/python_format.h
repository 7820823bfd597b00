// Python's str.format over JSON values: the templates that make one text of a row.
//
//   TextTemplate t("<en> {translation[en]} {n:04d} {tags[0]!r} {{}}");
//   t.format(row)
//
// Fields are names with any number of [key] or [0] behind them; !r !s !a; the format specification of texts, whole
// numbers, floats and truth values, fields inside it too. null is None.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

class TextTemplate {
 public:
  // Throws Error saying what is wrong with the template, and where.
  explicit TextTemplate(std::string_view text);

  // Throws Error for a field that is not there (naming those there are) and for a value that the specification is not
  // for, as Python raises. [concurrent]
  std::string format(const nlohmann::ordered_json& row) const;

 private:
  struct Part {
    std::string literal;  // in front of the field
    bool has_field = false;
    std::string name;               // of the field
    std::vector<std::string> keys;  // "en", "0"
    std::vector<bool> is_index;     // a key of digits alone: a place in a list
    char conversion = 0;            // r, s, a; 0: none
    std::vector<Part> specification;
  };
  static std::vector<Part> parse(std::string_view text, std::size_t& at, int depth, std::string_view whole);
  static void parse_field(std::string_view field, Part& part, std::string_view whole);
  static std::string format(const std::vector<Part>& parts, const nlohmann::ordered_json& row);
  static const nlohmann::ordered_json& value_of(const Part& part, const nlohmann::ordered_json& row);

  std::vector<Part> parts_;
};

// format(value, specification) of Python. Throws Error as Python raises.
std::string python_format(const nlohmann::ordered_json& value, std::string_view specification);

// str(value): texts as they are, everything else as python_repr.
std::string python_str(const nlohmann::ordered_json& value);

}  // namespace welt
