// See json_rows.h.
#include "core/data/json_rows.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>
#include "core/base/json.h"
#include "core/base/utf8.h"

namespace welt {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// nlohmann's events: remembers the last value of one field of the outermost object.
class FieldReader {
 public:
  explicit FieldReader(std::string_view field) : field_(field) {}

  std::optional<std::string> text;  // of the field, where it is one
  std::string found, error;         // the type of another value; why this is not JSON
  bool is_object = false, has_field = false;
  std::vector<std::string>* names = nullptr;

  bool null() { return other("null"); }
  bool boolean(bool) { return other("boolean"); }
  bool number_integer(std::int64_t) { return other("number"); }
  bool number_unsigned(std::uint64_t) { return other("number"); }
  bool number_float(double, const std::string&) { return other("number"); }
  bool binary(nlohmann::json::binary_t&) { return other("binary"); }
  bool string(std::string& value) {
    other("string");
    if (depth_ == 1 && wanted_) text = std::move(value), found.clear();
    return true;
  }
  bool start_object(std::size_t) {
    other("object");
    is_object = is_object || depth_ == 0;
    ++depth_;
    return true;
  }
  bool start_array(std::size_t) {
    other("array");
    ++depth_;
    return true;
  }
  bool end_object() { return leave(); }
  bool end_array() { return leave(); }
  bool key(std::string& name) {
    if (depth_ != 1) return true;
    wanted_ = name == field_;
    has_field = has_field || wanted_;
    if (names != nullptr) names->push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& what) {
    error = what.what();
    return false;
  }

 private:
  bool other(const char* type) {
    if (depth_ == 0) found = type;
    if (depth_ == 1 && wanted_) found = type, text.reset();
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::string_view field_;
  std::size_t depth_ = 0;
  bool wanted_ = false;
};

// The half of a surrogate pair that the escape at the front of `text` stands for; 0: none.
unsigned half_at(std::string_view text) {
  unsigned value = 0;
  if (text.size() < 6 || !text.starts_with("\\u")) return 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, value, 16);
  return error == std::errc() && end == text.data() + 6 && value >= 0xD800 && value <= 0xDFFF ? value : 0;
}

std::string without_lone_halves(std::string_view row, std::string_view replacement) {
  std::string out;
  for (std::size_t at = 0; at < row.size();) {
    std::size_t size = row[at] == '\\' ? 2 : 1;
    const unsigned half = size == 2 ? half_at(row.substr(at)) : 0;
    const bool is_pair = half != 0 && half < 0xDC00 && half_at(row.substr(at + 6)) >= 0xDC00;
    if (half != 0) size = is_pair ? 12 : 6;
    out += half != 0 && !is_pair ? replacement : row.substr(at, size);
    at += size;
  }
  return out;
}

bool parse(std::string_view row, FieldReader& reader) {
  return nlohmann::json::sax_parse(row.begin(), row.end(), &reader);
}

// A string up to and with its closing quote, from `at`, which is behind the opening one. False: no string, or one with
// an escape by number.
bool read_plain_string(std::string_view row, std::size_t& at, std::string& value) {
  value.clear();
  for (;;) {
    const std::size_t begin = at;
    while (at < row.size() && static_cast<unsigned char>(row[at]) >= 0x20 && row[at] != '"' && row[at] != '\\') ++at;
    value.append(row, begin, at - begin);
    if (at == row.size()) return false;
    if (row[at] == '"') return ++at, true;
    constexpr std::string_view escapes = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (row[at] != '\\' || at + 1 == row.size()) return false;
    const std::size_t which = escapes.find(row[at + 1]);
    if (which == std::string_view::npos) return false;
    value += meant[which];
    at += 2;
  }
}

// The field of a row as preparations write it: an object whose values are strings all, without escapes by number, in
// UTF-8. Nothing: another row, perhaps no JSON; the parser tells. It takes a quarter of the parser's time.
std::optional<std::string> plain_field(std::string_view row, std::string_view field) {
  std::size_t at = 0;
  const auto next = [&](char wanted) {
    at = std::min(row.find_first_not_of(blanks, at), row.size());
    return at < row.size() && row[at] == wanted && ++at > 0;
  };
  std::optional<std::string> text;
  std::string name, value;
  if (!next('{')) return {};
  do {
    if (!next('"') || !read_plain_string(row, at, name) || !next(':') || !next('"')) return {};
    if (!read_plain_string(row, at, value)) return {};
    if (name == field) text = std::move(value);
  } while (next(','));
  if (!next('}') || row.find_first_not_of(blanks, at) != std::string_view::npos) return {};
  if (find_invalid_utf8(row) != utf8_ok) return {};
  return text;
}

}  // namespace

JsonRow read_json_row(std::string_view row, std::string_view field) {
  JsonRow out;
  if (std::optional<std::string> text = plain_field(row, field)) {
    out.text = std::move(*text);
    return out;
  }
  if (const std::size_t nul = row.find('\0'); nul != std::string_view::npos) {
    out.fault = RowFault::not_json;
    out.found = fmt::format("byte {} of the row is NUL, which JSON nowhere has", nul);
    return out;
  }
  FieldReader reader(field);
  if (!parse(row, reader)) {
    // Perhaps only what Python writes and nlohmann does not read. Whether some of it was in the field shows where
    // another replacement gives another text.
    const auto mended = [&](std::string_view replacement) {
      FieldReader again(field);
      const std::string text = without_lone_halves(replace_invalid_utf8(row, replacement), replacement);
      parse(without_odd_numbers(text, OddNumber::null), again);
      return again;
    };
    FieldReader again = mended("\xEF\xBF\xBD");
    if (!again.error.empty()) {
      out.fault = RowFault::not_json;
      out.found = reader.error;
      return out;
    }
    out.replaced = again.text != mended("\xEF\xBF\xBE").text;
    reader = std::move(again);
  }
  if (!reader.is_object)
    out.fault = RowFault::not_object;
  else if (reader.text)
    out.text = std::move(*reader.text);
  else
    out.fault = reader.has_field ? RowFault::not_text : RowFault::no_field;
  out.found = std::move(reader.found);
  return out;
}

std::vector<std::string> json_row_fields(std::string_view row) {
  std::vector<std::string> names;
  FieldReader reader("");
  reader.names = &names;
  parse(without_odd_numbers(without_lone_halves(replace_invalid_utf8(row), "?"), OddNumber::null), reader);
  return names;
}

bool json_row_has_lone_half(std::string_view row) { return without_lone_halves(row, "?") != row; }

std::string each_json_element(std::string_view text,
                              const std::function<void(std::string_view element, std::size_t offset)>& take) {
  const auto next = [&](std::size_t at) { return std::min(text.find_first_not_of(blanks, at), text.size()); };
  std::size_t at = next(1);
  for (bool more = at == text.size() || text[at] != ']'; more;) {
    const std::size_t begin = at = next(at);
    std::size_t depth = 0;
    bool in_string = false;
    for (;; ++at) {
      if (at >= text.size()) return "the array has no end";
      const char c = text[at];
      if (in_string) {
        if (c == '\\') ++at;
        in_string = c != '"';
      } else if (c == '"') {
        in_string = true;
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']' || c == '}')) {
        break;
      } else if (c == ']' || c == '}') {
        --depth;
      }
    }
    if (at == begin) return fmt::format("an element is missing at byte {}", at);
    if (text[at] == '}') return fmt::format("a brace at byte {} belongs to no object", at);
    take(text.substr(begin, at - begin), begin);
    more = text[at] == ',';
    if (more) ++at;
  }
  if (const std::size_t behind = next(at + 1); behind < text.size())
    return fmt::format("something follows the array at byte {}", behind);
  return {};
}

}  // namespace welt
