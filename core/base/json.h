// JSON that others wrote, and JSON that holds what others named.
//
// nlohmann's parser takes a NUL for the end of the text and loses what follows; its writer throws at a path that is not
// UTF-8. Whatever may come from outside goes through these functions instead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace welt {

inline constexpr int deepest_json = 64;

// The value that `text` is. Throws Error (data_loss) "not JSON (…)", or that it is nested deeper than `deepest`; the
// caller says where. Json: nlohmann::json or ordered_json.
template <typename Json = nlohmann::json>
Json parse_json(std::string_view text, int deepest = deepest_json);
extern template nlohmann::json parse_json(std::string_view, int);
extern template nlohmann::ordered_json parse_json(std::string_view, int);

// A JSON file that may come from anywhere: at most `max_bytes` long, deepest_json deep, an object at the top. NaN,
// Infinity and numbers beyond a double's range, which Python writes, become strings of the same spelling: where nobody
// reads them they do no harm, and who asks for a number is shown what is there. Throws Error naming the file and what
// is wrong.
nlohmann::json read_json_object(const std::filesystem::path& path, std::uintmax_t max_bytes);

// `text` with each such number in quotation marks, or replaced by `null`: what nlohmann's parser can read.
enum class OddNumber { quoted, null };
std::string without_odd_numbers(std::string_view text, OddNumber becomes);

// `value` as text; what in it is not UTF-8 (a path, a name from a file) becomes U+FFFD.
template <typename Json>
std::string json_text(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

// A file of it for people too: indented, a newline at the end; written as write_file() writes.
void write_json(const std::filesystem::path& path, const nlohmann::json& value);

// JSON as a script in HTML holds it: "<" of its strings, which might end the script, as an escape.
std::string script_text(std::string_view json);

}  // namespace welt
