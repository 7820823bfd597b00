// See json_reader.h.
#include "json_reader.h"

#include <algorithm>
#include <charconv>
#include <ranges>
#include <welt/sdk/base.hpp>

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;
using Kind = JsonValue::Kind;

constexpr std::size_t longest_quote = 60;
constexpr JsonValue null_value{};

std::string quoted(const JsonValue& value) {
  std::string out = "null";
  if (value.kind == Kind::object) return "an object";
  if (value.kind == Kind::list) return "a list of " + std::to_string(value.size);
  if (value.kind == Kind::boolean) out = value.flag ? "true" : "false";
  if (value.kind == Kind::number) out = value.text();
  if (value.kind == Kind::text) out = "\"" + std::string(value.text()) + "\"";
  if (out.size() > longest_quote) out = out.substr(0, longest_quote) + "…";
  return out;
}

}  // namespace

void JsonNode::fail(const std::string& found, const std::string& expected) const {
  throw sdk::invalid("tokenizer.json, " + (path_.empty() ? "the whole" : path_) + ": found " + found + "; expected " +
                     expected);
}

JsonNode JsonNode::member(std::string_view key) const {
  if (value_->kind != Kind::object) fail(quoted(*value_), "an object");
  const std::string path = path_.empty() ? std::string(key) : path_ + "." + std::string(key);
  for (const JsonMember& each : value_->members() | std::views::reverse)
    if (each.key == key) return {each.value, path};
  return {null_value, path};
}

JsonNode JsonNode::item(std::size_t index) const {
  return {value_->items()[index], path_ + "[" + std::to_string(index) + "]"};
}

std::size_t JsonNode::size() const {
  if (value_->kind != Kind::list) fail(quoted(*value_), "a list");
  return value_->size;
}

std::string JsonNode::text() const {
  if (value_->kind != Kind::text) fail(quoted(*value_), "a text");
  return std::string(value_->text());
}

bool JsonNode::flag() const {
  if (value_->kind != Kind::boolean) fail(quoted(*value_), "true or false");
  return value_->flag;
}

double JsonNode::number() const {
  double out = 0;
  const std::string_view text = value_->kind == Kind::number ? value_->text() : std::string_view();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc()) fail(quoted(*value_), "a number");
  return out;
}

std::int64_t JsonNode::id_of(const JsonValue& value) {
  if (value.kind != Kind::number) return -1;
  std::int64_t out = -1;
  const std::string_view text = value.text();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && out >= 0 && out <= 0x7FFFFFFF ? out : -1;
}

std::int64_t JsonNode::id() const {
  const std::int64_t out = id_of(*value_);
  if (out < 0) fail(quoted(*value_), "a whole number from 0 to 2147483647");
  return out;
}

std::string JsonNode::one_of(std::initializer_list<std::string_view> choices) const {
  const std::string found = text();
  std::string list;
  for (const std::string_view choice : choices) {
    if (choice == found) return found;
    list += (list.empty() ? "" : ", ") + std::string(choice);
  }
  fail(quoted(*value_), "one of " + list);
}

}  // namespace welt::tokenizers
