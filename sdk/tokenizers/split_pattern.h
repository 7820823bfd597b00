// A `pattern` of a tokenizer.json, and a text cut by one: what Split, Replace, Digits and Punctuation share.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "json_reader.h"
#include "regex.h"

namespace welt::tokenizers {

// {"String": literal} or {"Regex": expression}. Throws Failure naming the JSON path.
Regex read_pattern(const JsonNode& node);

// What becomes of the matches of a pattern, as in the library tokenizers.
enum class Behavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };
Behavior read_behavior(const JsonNode& node);

struct SplitRule {
  Regex pattern;
  Behavior behavior;
  bool invert = false;  // matches and the text between them change roles
};

struct SplitPart {
  std::size_t begin, end;
  std::size_t decided_by;  // that there is a border at `begin` is certain from so many bytes; size + 1: and the end
};

// The parts of `text`, none empty.
void split(const SplitRule& rule, std::string_view text, std::vector<SplitPart>& parts);

}  // namespace welt::tokenizers
