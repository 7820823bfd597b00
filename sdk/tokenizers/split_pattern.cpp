// See split_pattern.h.
#include "split_pattern.h"

namespace welt::tokenizers {
namespace {

// A match, or the text between two.
struct Item {
  std::size_t begin, end;
  bool is_match;
  std::size_t seen;  // bytes that decide where it begins and ends
};

std::vector<Item> find_items(const SplitRule& rule, std::string_view text) {
  std::vector<Item> items;
  std::size_t done = 0;
  RegexSearch search(rule.pattern, text);
  while (const auto match = search.next()) {
    if (match->begin > done) items.push_back({done, match->begin, rule.invert, search.seen()});
    items.push_back({match->begin, match->end, !rule.invert, search.seen()});
    done = match->end;
  }
  if (done < text.size()) items.push_back({done, text.size(), rule.invert, text.size() + 1});
  return items;
}

}  // namespace

Regex read_pattern(const JsonNode& node) {
  const JsonNode literal = node.member("String"), expression = node.member("Regex");
  if (!literal.is_null()) return Regex::literal(literal.text());
  if (!expression.is_null()) return Regex(expression.text(), "tokenizer.json, " + expression.path());
  node.fail("neither String nor Regex", "one of them");
}

Behavior read_behavior(const JsonNode& node) {
  const std::string& name = node.one_of({"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"});
  if (name == "Removed") return Behavior::removed;
  if (name == "Isolated") return Behavior::isolated;
  if (name == "MergedWithPrevious") return Behavior::merged_with_previous;
  return name == "MergedWithNext" ? Behavior::merged_with_next : Behavior::contiguous;
}

void split(const SplitRule& rule, std::string_view text, std::vector<SplitPart>& parts) {
  parts.clear();
  const std::vector<Item> items = find_items(rule, text);
  const bool removes = rule.behavior == Behavior::removed;
  // Whether item i goes on the part that item i - 1 is in.
  const auto joins = [&](std::size_t i) {
    switch (rule.behavior) {
      case Behavior::merged_with_previous:
        return items[i].is_match && !items[i - 1].is_match;
      case Behavior::merged_with_next:
        return items[i - 1].is_match && !items[i].is_match;
      case Behavior::contiguous:
        return items[i].is_match == items[i - 1].is_match;
      default:
        return false;
    }
  };
  // Where an item begins the one before it says, too; but only the item itself says whether it is
  // joined, or removed.
  const bool own = rule.behavior != Behavior::isolated;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0 && joins(i)) {
      parts.back().end = items[i].end;
    } else if (!(removes && items[i].is_match)) {
      parts.push_back({items[i].begin, items[i].end, i == 0 ? 0 : items[own ? i : i - 1].seen});
    }
  }
  std::erase_if(parts, [](const SplitPart& part) { return part.begin == part.end; });
}

}  // namespace welt::tokenizers
