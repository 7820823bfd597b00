// A tokenizer.json as a tree, made for files of a hundred thousand values that have to be there in milliseconds: values
// lie one after the other, and texts stay where they were read unless they have escapes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt::tokenizers {

struct JsonMember;

struct JsonValue {
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };
  Kind kind = Kind::null;
  bool flag = false;       // of a boolean
  std::uint32_t size = 0;  // bytes, items or members
  union {
    const char* bytes = nullptr;  // text; number: as it was written
    const JsonValue* first;       // list
    const JsonMember* member;     // object
  };

  std::string_view text() const { return {bytes, size}; }
  std::span<const JsonValue> items() const { return {first, size}; }
  inline std::span<const JsonMember> members() const;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

std::span<const JsonMember> JsonValue::members() const { return {member, size}; }

// Immutable. Reference: RFC 8259.
class JsonDocument {
 public:
  // `text` must outlive this. Throws Failure "tokenizer.json: …" for text that is not JSON in UTF-8, is nested deeper
  // than 64, or has more than 16 million values.
  explicit JsonDocument(std::string_view text);
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  const JsonValue& root() const { return root_; }

 private:
  class Parser;

  JsonValue root_;
  std::deque<std::vector<JsonValue>> lists_;
  std::deque<std::vector<JsonMember>> objects_;
  std::deque<std::string> decoded_;  // texts with escapes
};

}  // namespace welt::tokenizers
