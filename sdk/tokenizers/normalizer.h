// The `normalizer` of a tokenizer.json; null for none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "aligned_text.h"
#include "character_rules.h"
#include "json_reader.h"
#include "precompiled_map.h"
#include "regex.h"
#include "unicode_form.h"

namespace welt::tokenizers {

// Immutable, any thread.
class Normalizer {
 public:
  // Throws Failure naming the JSON path for anything else.
  explicit Normalizer(const JsonNode& node);

  // Normalizes a whole text. The Unicode forms are those of Unicode 9, as in
  // the library.
  void apply(AlignedText& text) const;

  // All that is done where it is no more than this: something put in front, and one character of ASCII replaced.
  struct Plain {
    std::string prepend;
    char from = '\0';  // NUL: nothing is replaced
    std::string to;
  };
  std::optional<Plain> plain() const;
  // Something is put in front of every text, so a text cannot be cut and its parts be normalized alone.
  bool prepends() const { return prepends_; }
  // What becomes of a character may depend on any other (patterns of several characters).
  bool has_wide_patterns() const { return wide_; }
  // Where the end of `text` may be cut off, so that more text cannot change what stands before. Only the Unicode forms
  // move it; wide patterns are not looked at.
  std::size_t settled_end(std::string_view text) const;
  // A text may be cut at `at` without changing what the Unicode forms make of it.
  bool is_border(std::string_view text, std::size_t at) const;

 private:
  struct Lowercase {};
  struct Prepend {
    std::string text;
  };
  struct Replace {
    Regex pattern;
    std::string content;
    char only;  // the pattern, if it is one character of ASCII; else NUL
  };
  struct Characters {  // each by itself: kept, replaced or removed
    std::shared_ptr<const CharacterRule> rule;
  };
  struct Strip {
    bool left, right;
  };
  struct Bytes {};  // each byte as its character of byte_alphabet
  using Step = std::variant<std::shared_ptr<const UnicodeForm>, std::shared_ptr<const PrecompiledMap>, Lowercase,
                            Prepend, Replace, Characters, Strip, Bytes>;

  void read(const JsonNode& node, int depth);
  void read_bert(const JsonNode& node);
  void add_characters(CharacterRule rule);
  static void apply_lowercase(AlignedText& text);
  static void apply_replace(const Replace& step, AlignedText& text);
  static void apply_characters(const CharacterRule& rule, AlignedText& text);
  static void apply_strip(const Strip& step, AlignedText& text);

  std::vector<Step> steps_;
  bool prepends_ = false, wide_ = false;
};

}  // namespace welt::tokenizers
