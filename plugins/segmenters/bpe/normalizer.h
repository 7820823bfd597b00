// The `normalizer` of a tokenizer.json: Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace; null for none.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "aligned_text.h"
#include "json_reader.h"
#include "regex.h"
#include "unicode_form.h"

namespace welt::bpe {

// Immutable, any thread.
class Normalizer {
 public:
  // Throws Failure naming the JSON path for anything else.
  explicit Normalizer(const JsonNode& node);

  // Normalizes a whole text. The Unicode forms are those of Unicode 9, as in
  // the library.
  void apply(AlignedText& text) const;

  bool is_identity() const { return steps_.empty(); }
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
  };
  using Step = std::variant<std::shared_ptr<const UnicodeForm>, Lowercase, Prepend, Replace>;

  void read(const JsonNode& node, int depth);
  static void apply_lowercase(AlignedText& text);
  static void apply_replace(const Replace& step, AlignedText& text);

  std::vector<Step> steps_;
  bool prepends_ = false, wide_ = false;
};

}  // namespace welt::bpe
