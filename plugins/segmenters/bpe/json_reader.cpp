// See json_reader.h.
#include "json_reader.h"

#include <welt/sdk/base.hpp>

namespace welt::bpe {
namespace {

namespace sdk = welt::sdk;
using nlohmann::json;

constexpr int deepest = 64;
constexpr std::size_t most_values = 16'000'000, longest_quote = 60;

const json null_value = nullptr;

std::string quoted(const json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list of " + std::to_string(value.size());
  std::string out = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (out.size() > longest_quote) out = out.substr(0, longest_quote) + "…";
  return out;
}

}  // namespace

void JsonNode::fail(const std::string& found, const std::string& expected) const {
  throw sdk::invalid("tokenizer.json, " + (path_.empty() ? "the whole" : path_) + ": found " + found + "; expected " +
                     expected);
}

JsonNode JsonNode::member(const char* key) const {
  if (!value_->is_object()) fail(quoted(*value_), "an object");
  const auto found = value_->find(key);
  return {found == value_->end() ? null_value : *found, path_.empty() ? key : path_ + "." + key};
}

JsonNode JsonNode::item(std::size_t index) const {
  return {(*value_)[index], path_ + "[" + std::to_string(index) + "]"};
}

std::size_t JsonNode::size() const {
  if (!value_->is_array()) fail(quoted(*value_), "a list");
  return value_->size();
}

const std::string& JsonNode::text() const {
  const auto* out = value_->get_ptr<const std::string*>();
  if (out == nullptr) fail(quoted(*value_), "a text");
  return *out;
}

bool JsonNode::flag() const {
  if (!value_->is_boolean()) fail(quoted(*value_), "true or false");
  return value_->get<bool>();
}

std::int64_t JsonNode::id() const {
  const bool fits = value_->is_number_unsigned() && value_->get<std::uint64_t>() <= 0x7FFFFFFF;
  if (!fits) fail(quoted(*value_), "a whole number from 0 to 2147483647");
  return value_->get<std::int64_t>();
}

const std::string& JsonNode::one_of(std::initializer_list<std::string_view> choices) const {
  const std::string& found = text();
  std::string list;
  for (const std::string_view choice : choices) {
    if (choice == found) return found;
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  fail(quoted(*value_), "one of " + list);
}

json parse_tokenizer_json(std::string_view text) {
  // nlohmann's parser takes a NUL for the end of the text.
  if (text.find('\0') != std::string_view::npos) throw sdk::invalid("tokenizer.json: not JSON: it has a NUL byte");
  std::size_t values = 0;
  const auto watch = [&](int depth, json::parse_event_t, json&) {
    if (depth > deepest) throw sdk::invalid("tokenizer.json: nested deeper than 64; expected a tokenizer");
    if (++values > most_values) throw sdk::invalid("tokenizer.json: more than 16000000 values; expected fewer");
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& error) {
    throw sdk::invalid(std::string("tokenizer.json: not JSON: ") + error.what());
  }
}

}  // namespace welt::bpe
