// See json.h.
#include "core/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"

namespace welt {
namespace {

// How much of `text` is a number beyond a double's range, NaN or an infinity; 0: it begins with none of them.
std::size_t odd_number(std::string_view text) {
  for (const std::string_view word : {"NaN", "Infinity", "-Infinity"})
    if (text.starts_with(word)) return word.size();
  const std::size_t size = std::min(text.find_first_not_of("+-.eE0123456789"), text.size());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + size, value);
  if (error != std::errc::result_out_of_range || end != text.data() + size) return 0;
  return std::isinf(std::strtod(std::string(text.substr(0, size)).c_str(), nullptr)) ? size : 0;  // not: nearly zero
}

bool is_number_byte(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.'; }

}  // namespace

std::string without_odd_numbers(std::string_view text, OddNumber becomes) {
  std::string out;
  std::size_t taken = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == 'N' || c == 'I' || is_number_byte(c)) {
      const std::size_t size = odd_number(text.substr(at));
      if (size > 0) {
        out += text.substr(taken, at - taken);
        out += becomes == OddNumber::null ? "null" : fmt::format("\"{}\"", text.substr(at, size));
        taken = at + size;
      }
      if (size > 1) at += size - 1;
      while (size == 0 && at + 1 < text.size() && is_number_byte(text[at + 1])) ++at;
    }
  }
  out += text.substr(std::min(taken, text.size()));
  return out;
}

template <typename Json>
Json parse_json(std::string_view text, int deepest) {
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    throw Error(fmt::format("not JSON (byte {} is NUL, which JSON nowhere has)", nul), ErrorCode::data_loss);
  try {
    return Json::parse(text, [&](int depth, typename Json::parse_event_t, Json&) {
      if (depth > deepest)
        throw Error(fmt::format("JSON nested more than {} levels deep", deepest), ErrorCode::data_loss);
      return true;
    });
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("not JSON ({})", error.what()), ErrorCode::data_loss);
  }
}
template nlohmann::json parse_json(std::string_view, int);
template nlohmann::ordered_json parse_json(std::string_view, int);

nlohmann::json read_json_object(const std::filesystem::path& path, std::uintmax_t max_bytes) {
  const std::string file = path.string();
  std::error_code error;
  if (const std::uintmax_t size = std::filesystem::file_size(path, error); !error && size > max_bytes)
    fail({file, fmt::format("{} bytes", size), fmt::format("a JSON file of at most {} bytes", max_bytes)});
  const std::string text = read_file(path);
  refuse_other_kind(text, file, "JSON");
  nlohmann::json value;
  try {
    value = parse_json(without_odd_numbers(text, OddNumber::quoted));
  } catch (const Error& failure) {
    fail({.where = file, .found = failure.what(), .mend = "The file is damaged: copy or download it again"},
         failure.code());
  }
  if (!value.is_object())
    fail({file, fmt::format("JSON of type {}", value.type_name()), "an object"}, ErrorCode::data_loss);
  return value;
}

void write_json(const std::filesystem::path& path, const nlohmann::json& value) {
  write_file(path, json_text(value, 2) + "\n");
}

std::string script_text(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char byte : json) {
    if (byte == '<')
      out += "\\u003c";
    else
      out += byte;
  }
  return out;
}

}  // namespace welt
