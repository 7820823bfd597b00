// The grammar of regular expressions: a recursive descent over the bytes of the pattern. See regex_syntax.h.
#include <welt/text/utf8.h>
#include <charconv>
#include <optional>
#include <welt/sdk/base.hpp>

#include "regex_syntax.h"

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;
using Kind = RegexNode::Kind;

constexpr std::size_t longest_pattern = 1 << 16;
constexpr int deepest_nesting = 100;
constexpr std::uint32_t most_repetitions = 1000;

struct Flags {
  bool ignore_case = false;
  bool dot_all = false;
};

RegexNode node_of(CharSet set) {
  RegexNode node;
  node.kind = Kind::set;
  node.set = std::move(set);
  return node;
}

RegexNode assertion_of(Assertion assertion) {
  RegexNode node;
  node.kind = Kind::assertion;
  node.assertion = assertion;
  return node;
}

CharSet inverted(CharSet set) {
  set.invert();
  return set;
}

class Parser {
 public:
  Parser(std::string_view pattern, std::string_view where) : pattern_(pattern), where_(where) {}

  RegexNode parse() {
    if (pattern_.size() > longest_pattern)
      fail("is " + std::to_string(pattern_.size()) + " bytes long", "at most 65536");
    RegexNode node = alternatives({});
    if (!at_end()) fail("has a ) too many", "balanced parentheses");
    return node;
  }

 private:
  [[noreturn]] void fail(const std::string& found, const std::string& expected) const {
    throw sdk::invalid(std::string(where_) + ": the regular expression " + found + " (byte " + std::to_string(at_) +
                       "); expected " + expected);
  }

  bool at_end() const { return at_ >= pattern_.size(); }
  bool starts(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool skip(std::string_view text) {
    if (!starts(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t character() {
    if (at_end()) fail("ends too early", "a character");
    return text::decode(pattern_, at_);
  }

  RegexNode alternatives(Flags flags) {
    if (++depth_ > deepest_nesting) fail("is nested too deep", "at most 100 levels");
    RegexNode out;
    out.kind = Kind::alternatives;
    do out.children.push_back(sequence(flags));
    while (skip("|"));
    --depth_;
    return out.children.size() == 1 ? std::move(out.children.front()) : out;
  }

  RegexNode sequence(Flags flags) {
    RegexNode out;
    while (!at_end() && !starts("|") && !starts(")")) {
      RegexNode item = atom(flags);
      while (quantifier(item)) {
      }
      out.children.push_back(std::move(item));
    }
    return out.children.size() == 1 ? std::move(out.children.front()) : out;
  }

  RegexNode atom(Flags flags) {
    if (skip("(")) return group(flags);
    if (skip("[")) return node_of(cased(bracket(flags), flags));
    if (skip("^")) return assertion_of(Assertion::line_begin);
    if (skip("$")) return assertion_of(Assertion::line_end);
    if (skip(".")) return node_of(flags.dot_all ? CharSet(0, last_code_point) : inverted(CharSet('\n', '\n')));
    if (starts("*") || starts("+") || starts("?")) fail("repeats nothing", "an expression before *, + or ?");
    if (skip("\\")) return escape(flags);
    const char32_t c = character();
    return node_of(cased(CharSet(c, c), flags));
  }

  static CharSet cased(CharSet set, Flags flags) {
    if (flags.ignore_case) set.close_over_case();
    return set;
  }

  RegexNode group(Flags flags) {
    RegexNode out;
    if (!skip("?")) return closed(alternatives(flags));
    if (skip("#")) {
      while (!at_end() && !starts(")")) ++at_;
      return closed(out);
    }
    if (skip(":")) return closed(alternatives(flags));
    out.negative = starts("!") || starts("<!");
    if (skip("=") || skip("!"))
      out.kind = Kind::look_ahead;
    else if (skip("<=") || skip("<!"))
      out.kind = Kind::look_behind;
    else if (skip(">"))
      out.kind = Kind::atomic;
    if (out.kind != Kind::sequence) {
      out.children.push_back(alternatives(flags));
      return closed(std::move(out));
    }
    if (starts("<") || starts("'")) {  // a name: nothing refers to it
      const char close = pattern_[at_] == '<' ? '>' : '\'';
      at_ = pattern_.find(close, at_ + 1);
      if (at_ == std::string_view::npos) at_ = pattern_.size();
      if (!at_end()) ++at_;
      return closed(alternatives(flags));
    }
    return options(flags);
  }

  // Behind "(?": letters that switch options, for a group or for all that follows in this one.
  RegexNode options(Flags flags) {
    bool on = true;
    while (!at_end() && !starts(")") && !starts(":")) {
      if (skip("-"))
        on = false;
      else if (skip("i"))
        flags.ignore_case = on;
      else if (skip("m"))
        flags.dot_all = on;
      else
        fail("has a group that is not supported", "(?:, (?=, (?!, (?<=, (?<!, (?>, (?<name>, (?i) or (?m)");
    }
    if (skip(":")) return closed(alternatives(flags));
    if (!skip(")")) fail("has no ) for a group", "balanced parentheses");
    return alternatives(flags);
  }

  RegexNode closed(RegexNode node) {
    if (!skip(")")) fail("has no ) for a group", "balanced parentheses");
    return node;
  }

  RegexNode escape(Flags flags) {
    if (skip("A")) return assertion_of(Assertion::text_begin);
    if (skip("z")) return assertion_of(Assertion::text_end);
    if (skip("Z")) return assertion_of(Assertion::text_end_or_newline);
    if (skip("b")) return assertion_of(Assertion::border);
    if (skip("B")) return assertion_of(Assertion::no_border);
    return node_of(cased(escaped_set(), flags));
  }

  // Behind a backslash: one character or a set of them. The capital letter is all else.
  CharSet escaped_set() {
    const char32_t c = character();
    if (c == 'p' || c == 'P') return property(c == 'P');
    std::optional<CharSet> set;
    if (c == 's' || c == 'S') set = white_space();
    if (c == 'd' || c == 'D') set = named_set("Nd");
    if (c == 'w' || c == 'W') set = word_characters();
    if (c == 'h' || c == 'H') set = hexadecimal();
    if (set) return c < 'a' ? inverted(*std::move(set)) : *std::move(set);
    const char32_t value = escaped_character(c);
    return {value, value};
  }

  static CharSet hexadecimal() {
    CharSet out('0', '9');
    out.add('A', 'F');
    out.add('a', 'f');
    return out;
  }

  CharSet property(bool negative) {
    if (!skip("{")) fail("has a \\p without {", "\\p{name}");
    if (skip("^")) negative = !negative;
    const std::size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) fail("has a \\p{ without }", "\\p{name}");
    const auto name = pattern_.substr(at_, end - at_);
    auto set = named_set(name);
    if (!set) {
      fail("names the property \"" + std::string(name) + "\"",
           "a general category (L, Lu, N …), a script (Han …) or a binary property (Alphabetic …)");
    }
    at_ = end + 1;
    return negative ? inverted(*std::move(set)) : *std::move(set);
  }

  char32_t escaped_character(char32_t c) {
    constexpr std::string_view letters = "tnrfvae", controls = "\t\n\r\f\v\a\x1B";
    const std::size_t control = c < 0x80 ? letters.find(static_cast<char>(c)) : std::string_view::npos;
    if (control != std::string_view::npos) return static_cast<char32_t>(controls[control]);
    if (c == 'x') return skip("{") ? number(16, 1, 8, "}") : number(16, 1, 2, "", 0x7F);
    if (c == 'u') return number(16, 4, 4, "");
    if (c == '0') return at_end() || pattern_[at_] < '0' || pattern_[at_] > '7' ? 0 : number(8, 1, 2, "");
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter_or_digit) {
      fail(std::string("has \\") + static_cast<char>(c),
           "no back-reference, \\X, \\R, \\K or \\G: they are not supported");
    }
    return c;
  }

  char32_t number(int base, std::size_t least, std::size_t most, std::string_view close,
                  char32_t largest = last_code_point) {
    const std::string_view digits = pattern_.substr(at_, most);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    const auto length = static_cast<std::size_t>(end - digits.data());
    if (error != std::errc() || length < least || value > largest || (value >= 0xD800 && value < 0xE000)) {
      fail("has a number that is no character", "a code point of Unicode");
    }
    at_ += length;
    if (!skip(close)) fail("has a number that does not end", "}");
    return value;
  }

  // Behind '[': the set up to its ']'.
  CharSet bracket(Flags flags) {
    if (++depth_ > deepest_nesting) fail("is nested too deep", "at most 100 levels");
    const bool negative = skip("^");
    CharSet out = bracket_union(flags);
    while (skip("&&")) out.intersect(bracket_union(flags));
    if (!skip("]")) fail("has no ] for a [", "balanced brackets");
    --depth_;
    if (flags.ignore_case && negative) out.close_over_case();
    return negative ? inverted(std::move(out)) : out;
  }

  CharSet bracket_union(Flags flags) {
    CharSet out;
    bool first = true;
    while (!at_end() && !starts("&&") && (first || !starts("]"))) {
      first = false;
      if (starts("[:")) {
        out.add(posix());
      } else if (skip("[")) {
        out.add(bracket(flags));
      } else {
        bracket_item(out);
      }
    }
    return out;
  }

  CharSet posix() {
    const std::size_t end = pattern_.find(":]", at_);
    if (end == std::string_view::npos) fail("has a [: without :]", "[:name:]");
    const std::string_view name = pattern_.substr(at_ + 2, end - at_ - 2);
    std::string_view property = name;
    if (name == "space") property = "White_Space";
    if (name == "digit") property = "Nd";
    if (name == "alpha") property = "Alphabetic";
    if (name == "upper") property = "Uppercase";
    if (name == "lower") property = "Lowercase";
    if (property == name) {
      fail("has [:" + std::string(name) + ":]", "[:space:], [:digit:], [:alpha:], [:upper:] or [:lower:]");
    }
    at_ = end + 2;
    return *named_set(property);
  }

  // One character, one escape, or a range of characters.
  void bracket_item(CharSet& out) {
    CharSet low = bracket_atom();
    const bool is_range = starts("-") && !starts("-]") && !starts("-[") && !starts("-&&") && at_ + 1 < pattern_.size();
    if (!is_range || !is_single(low)) return out.add(low);
    ++at_;
    const CharSet high = bracket_atom();
    if (!is_single(high) || high.ranges()[0].first < low.ranges()[0].first) {
      fail("has a range that is none", "two characters in ascending order around the -");
    }
    out.add(low.ranges()[0].first, high.ranges()[0].first);
  }

  CharSet bracket_atom() {
    if (skip("\\")) {
      if (skip("b")) return {0x08, 0x08};
      return escaped_set();
    }
    const char32_t c = character();
    return {c, c};
  }

  static bool is_single(const CharSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
  }

  // Wraps `item` into the quantifier that follows, if one does.
  bool quantifier(RegexNode& item) {
    std::uint32_t min = 0, max = unlimited;
    bool interval = false;
    if (skip("*")) {
    } else if (skip("+")) {
      min = 1;
    } else if (skip("?")) {
      max = 1;
    } else if (read_interval(min, max)) {
      interval = true;
    } else {
      return false;
    }
    if (item.kind == Kind::assertion || item.kind == Kind::look_ahead || item.kind == Kind::look_behind) {
      fail("repeats an assertion", "a quantifier behind something that takes up text");
    }
    const bool fixed = interval && min == max;  // {n}? is an optional {n}, not a lazy one
    bool greedy = true, possessive = false;
    if (!fixed && skip("?"))
      greedy = false;
    else if (!interval && skip("+"))
      possessive = true;
    item = repeat(std::move(item), min, max, greedy);
    if (possessive) {
      RegexNode atomic;
      atomic.kind = Kind::atomic;
      atomic.children.push_back(std::move(item));
      item = std::move(atomic);
    }
    return true;
  }

  static RegexNode repeat(RegexNode item, std::uint32_t min, std::uint32_t max, bool greedy) {
    RegexNode out;
    out.kind = Kind::repeat;
    out.min = min;
    out.max = max;
    out.greedy = greedy;
    out.children.push_back(std::move(item));
    return out;
  }

  // {n}, {n,}, {n,m}, {,m}; anything else behind a { is text.
  bool read_interval(std::uint32_t& min, std::uint32_t& max) {
    if (!starts("{")) return false;
    const std::size_t close = pattern_.find('}', at_);
    if (close == std::string_view::npos) return false;
    const std::string_view inside = pattern_.substr(at_ + 1, close - at_ - 1);
    const std::size_t comma = inside.find(',');
    const std::string_view low = inside.substr(0, comma);
    const std::string_view high = comma == std::string_view::npos ? low : inside.substr(comma + 1);
    const auto read = [](std::string_view digits, std::uint32_t& value) {
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return error == std::errc() && end == digits.data() + digits.size();
    };
    if (low.empty() && high.empty()) return false;
    if (!low.empty() && !read(low, min)) return false;
    if (!high.empty() && !read(high, max)) return false;
    if (min > most_repetitions || (max != unlimited && (max > most_repetitions || max < min))) {
      fail("repeats {" + std::string(inside) + "}", "at most 1000 times, the smaller number first");
    }
    at_ = close + 1;
    return true;
  }

  std::string_view pattern_, where_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

RegexNode parse_regex(std::string_view pattern, std::string_view where) { return Parser(pattern, where).parse(); }

}  // namespace welt::tokenizers
