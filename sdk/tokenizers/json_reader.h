// A value of a tokenizer.json together with its place, so that every complaint can name it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "json_document.h"

namespace welt::tokenizers {

// Borrows the document. All getters throw Failure that says the JSON path, what was found and what was expected.
class JsonNode {
 public:
  JsonNode(const JsonValue& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const JsonValue& value() const { return *value_; }
  const std::string& path() const { return path_; }
  bool is_null() const { return value_->kind == JsonValue::Kind::null; }

  // A member, of two with one name the last; null when it is absent. This value must be an object.
  JsonNode member(std::string_view key) const;
  // An element of a list.
  JsonNode item(std::size_t index) const;
  // Elements of a list; throws for anything else.
  std::size_t size() const;

  std::string text() const;
  bool flag() const;
  bool flag_or(bool fallback) const { return is_null() ? fallback : flag(); }
  double number() const;
  // A whole number from 0 to 2^31 - 1.
  std::int64_t id() const;
  // The same without the words for the place: for thousands of values. -1: it is none.
  static std::int64_t id_of(const JsonValue& value);

  // The text is one of `choices`; throws naming them.
  std::string one_of(std::initializer_list<std::string_view> choices) const;

  [[noreturn]] void fail(const std::string& found, const std::string& expected) const;

 private:
  const JsonValue* value_;
  std::string path_;
};

}  // namespace welt::tokenizers
