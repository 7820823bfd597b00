// Verbs as filters: each line of standard input is a JSON object and gets one line of answer, in order.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace welt {

using Answer = std::function<nlohmann::json(const nlohmann::json& request)>;
using OrderedAnswer = std::function<nlohmann::json(const nlohmann::ordered_json& request)>;

// Answers every line. A request that cannot be met is answered by {"error": message}, and the work goes on. Output is
// flushed when no further line is waiting, so that a program can ask and wait. Throws at the end when a line was no
// JSON object in UTF-8, or nested deeper than 100; returns as soon as standard output cannot be written.
void answer_lines(const Answer& answer);
// The same, and a line that is no such object is answered by its error as any other that cannot be met: it returns.
void answer_every_line(const Answer& answer);
void answer_every_ordered_line(const OrderedAnswer& answer);
// As answer_lines(), for requests whose objects keep the order of their keys.
void answer_ordered_lines(const OrderedAnswer& answer);

// Fields of a request, checked; each throws Error naming the field, what it is and what it should be. `fallback`: the
// value when the field is absent or null.
std::string text_field(const nlohmann::json& request, const char* name);
std::vector<std::string> texts_field(const nlohmann::json& request, const char* name);
std::int64_t integer_field(const nlohmann::json& request, const char* name, std::int64_t fallback);
bool flag_field(const nlohmann::json& request, const char* name, bool fallback);
// The object `options` of a request (an empty one when absent), none of whose keys is outside `known`.
nlohmann::json options_field(const nlohmann::json& request, const std::vector<std::string>& known);

}  // namespace welt
