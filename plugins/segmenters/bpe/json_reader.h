// A value of a tokenizer.json together with its place, so that every complaint can name it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace welt::bpe {

// Borrows the document. All getters throw Failure that says the JSON path, what was found and what was expected.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& path() const { return path_; }
  bool is_null() const { return value_->is_null(); }

  // A member; null when it is absent. This value must be an object.
  JsonNode member(const char* key) const;
  // An element of a list.
  JsonNode item(std::size_t index) const;
  // Elements of a list; throws for anything else.
  std::size_t size() const;

  const std::string& text() const;
  bool flag() const;
  bool flag_or(bool fallback) const { return is_null() ? fallback : flag(); }
  // A whole number from 0 to 2^31 - 1.
  std::int64_t id() const;

  // The text is one of `choices`; throws naming them.
  const std::string& one_of(std::initializer_list<std::string_view> choices) const;

  [[noreturn]] void fail(const std::string& found, const std::string& expected) const;

 private:
  const nlohmann::json* value_;
  std::string path_;
};

// Parses a whole tokenizer.json. Throws Failure for text that is not JSON, is nested deeper than 64, or has more than
// 16 million values.
nlohmann::json parse_tokenizer_json(std::string_view text);

}  // namespace welt::bpe
