#include "apps/welt/jsonl.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_fields.h"
#include "core/base/utf8.h"
#include "core/data/line_reader.h"

namespace welt {
namespace {

using nlohmann::json;

constexpr int deepest = 100;

// The line's object; nullopt, with the reason, when it is none.
template <typename Json>
std::optional<Json> object_of(std::string_view line, std::string& reason) {
  if (const std::size_t fault = find_invalid_utf8(line); fault != utf8_ok) {
    reason = fmt::format("byte {} ({:02X}) is not UTF-8", fault, static_cast<std::uint8_t>(line[fault]));
    return std::nullopt;
  }
  try {
    Json value = parse_json<Json>(line, deepest);
    if (value.is_object()) return value;
    reason = fmt::format("it is {}", value.type_name());
  } catch (const Error& error) {
    reason = error.what();
  }
  return std::nullopt;
}

[[noreturn]] void fail_field(const json& request, const char* name, std::string_view expected) {
  const auto at = request.find(name);
  fail({.where = fmt::format("the field \"{}\"", name),
        .found = at == request.end() ? "nothing" : fmt::format("{} ({:.60})", at->type_name(), json_text(*at)),
        .expected = std::string(expected)});
}

enum class Malformed { fails, answered };

template <typename Json>
void answer_all(const std::function<json(const Json&)>& answer, Malformed malformed) {
  std::string reason, first_fault;
  LineReader lines(TextStream::standard_input());
  std::string_view line;
  std::uint64_t offset = 0;
  for (std::int64_t number = 1; lines.next(line, offset); ++number) {
    json reply;
    if (const auto request = object_of<Json>(line, reason)) {
      try {
        reply = answer(*request);
      } catch (const Error& error) {
        reply = {{"error", error.what()}};
      }
    } else {
      reply = {{"error", reason}};
      if (first_fault.empty()) first_fault = fmt::format("line {}: {}", number, reason);
    }
    std::fputs((json_text(reply) + "\n").c_str(), stdout);
    if (!lines.has_line()) std::fflush(stdout);
    if (std::ferror(stdout) != 0) return;  // main() says so
  }
  if (!first_fault.empty() && malformed == Malformed::fails) {
    fail({.where = "standard input",
          .found = first_fault,
          .expected = "a JSON object in UTF-8 on every line",
          .mend = "The other lines were answered"},
         ErrorCode::data_loss);
  }
}

}  // namespace

void answer_lines(const Answer& answer) { answer_all<json>(answer, Malformed::fails); }

void answer_every_line(const Answer& answer) { answer_all<json>(answer, Malformed::answered); }

void answer_every_ordered_line(const OrderedAnswer& answer) {
  answer_all<nlohmann::ordered_json>(answer, Malformed::answered);
}

void answer_ordered_lines(const OrderedAnswer& answer) { answer_all<nlohmann::ordered_json>(answer, Malformed::fails); }

std::string text_field(const json& request, const char* name) {
  const json* value = value_in(request, name);
  if (value == nullptr || !value->is_string()) fail_field(request, name, "a text");
  return value->get<std::string>();
}

std::vector<std::string> texts_field(const json& request, const char* name) {
  const json* value = value_in(request, name);
  const bool fits = value != nullptr && value->is_array() &&
                    std::ranges::all_of(*value, [](const json& text) { return text.is_string(); });
  if (!fits) fail_field(request, name, "a list of texts");
  return value->get<std::vector<std::string>>();
}

std::int64_t integer_field(const json& request, const char* name, std::int64_t fallback) {
  const json* value = value_in(request, name);
  if (value == nullptr) return fallback;
  if (!is_integer_in(*value, INT64_MIN, INT64_MAX)) fail_field(request, name, "an integer of 64 bits");
  return value->get<std::int64_t>();
}

bool flag_field(const json& request, const char* name, bool fallback) {
  const json* value = value_in(request, name);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) fail_field(request, name, "true or false");
  return value->get<bool>();
}

json options_field(const json& request, const std::vector<std::string>& known) {
  const json* value = value_in(request, "options");
  if (value == nullptr) return json::object();
  if (!value->is_object()) fail_field(request, "options", "an object");
  for (const auto& [key, _] : value->items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    fail({.where = "the field \"options\"",
          .found = fmt::format("the key \"{}\"", key),
          .expected = known.empty() ? "no key at all" : fmt::format("keys among {}", fmt::join(known, ", "))});
  }
  return *value;
}

}  // namespace welt
