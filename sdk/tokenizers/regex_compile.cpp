// From the tree of a regular expression to its program. See regex.h.
#include <welt/text/utf8.h>
#include <algorithm>
#include <welt/sdk/base.hpp>

#include "regex.h"

namespace welt::tokenizers {

namespace sdk = welt::sdk;
using Kind = RegexNode::Kind;
using Op = RegexStep::Op;

namespace {

constexpr std::size_t most_steps = 20000, most_tables = 1000;

// Bytes that well-formed UTF-8 of a character of the set begins with.
std::bitset<256> leads(const CharSet& set) {
  std::bitset<256> out;
  for (const CharSet::Range& range : set.ranges()) {
    const auto lead = [](char32_t c) -> std::uint32_t {
      if (c < 0x80) return c;
      if (c < 0x800) return 0xC0 | c >> 6;
      return c < 0x10000 ? 0xE0 | c >> 12 : 0xF0 | c >> 18;
    };
    for (std::uint32_t b = lead(range.first); b <= lead(range.last); ++b) out.set(b);
  }
  return out;
}

struct First {
  std::bitset<256> bytes;
  bool nullable;
};

First first_of(const RegexNode& node) {
  switch (node.kind) {
    case Kind::set:
      return {leads(node.set), false};
    case Kind::alternatives: {
      First out{{}, false};
      for (const RegexNode& child : node.children) {
        const First first = first_of(child);
        out.bytes |= first.bytes;
        out.nullable |= first.nullable;
      }
      return out;
    }
    case Kind::repeat: {
      First out = first_of(node.children[0]);
      out.nullable |= node.min == 0;
      return out;
    }
    case Kind::sequence:
    case Kind::atomic: {
      First out{{}, true};
      for (const RegexNode& child : node.children) {
        const First first = first_of(child);
        out.bytes |= first.bytes;
        if (!first.nullable) return {out.bytes, false};
      }
      return out;
    }
    default:
      return {{}, true};  // assertions take up nothing
  }
}

// Characters that a match takes up, if it is the same number for every match.
std::optional<std::uint64_t> width_of(const RegexNode& node) {
  switch (node.kind) {
    case Kind::set:
      return 1;
    case Kind::alternatives: {
      const auto first = width_of(node.children[0]);
      for (const RegexNode& child : node.children)
        if (width_of(child) != first) return std::nullopt;
      return first;
    }
    case Kind::repeat: {
      const auto one = width_of(node.children[0]);
      return one && node.min == node.max ? std::optional(*one * node.min) : std::nullopt;
    }
    case Kind::sequence:
    case Kind::atomic: {
      std::uint64_t sum = 0;
      for (const RegexNode& child : node.children) {
        const auto width = width_of(child);
        if (!width) return std::nullopt;
        sum += *width;
      }
      return sum;
    }
    default:
      return 0;
  }
}

}  // namespace

class RegexCompiler {
 public:
  explicit RegexCompiler(std::string_view where) : where_(where) {}

  std::shared_ptr<const Regex::Program> compile(const RegexNode& tree) {
    guard(tree);  // guard 0: of the whole
    emit(tree);
    put({.op = Op::match});
    mark_what_never_backs_up();
    return std::make_shared<const Regex::Program>(std::move(program_));
  }

 private:
  [[noreturn]] void too_large(const std::string& what) const {
    throw sdk::invalid(std::string(where_) + ": the regular expression needs more than " + what +
                       "; expected a smaller one (fewer or smaller repetitions)");
  }

  std::uint32_t here() const { return static_cast<std::uint32_t>(program_.steps.size()); }

  std::uint32_t put(RegexStep step) {
    if (program_.steps.size() >= most_steps) too_large(std::to_string(most_steps) + " steps");
    program_.steps.push_back(step);
    return here() - 1;
  }

  std::uint32_t table(const CharSet& set) {
    const auto known = std::find(sets_.begin(), sets_.end(), set);
    if (known != sets_.end()) return static_cast<std::uint32_t>(known - sets_.begin());
    if (sets_.size() >= most_tables) too_large(std::to_string(most_tables) + " sets of characters");
    sets_.push_back(set);
    program_.tables.emplace_back(set);
    return static_cast<std::uint32_t>(sets_.size() - 1);
  }

  std::uint32_t guard(const RegexNode& node) {
    First first = first_of(node);
    if (first.nullable) first.bytes.set();
    const auto known = std::find(program_.guards.begin(), program_.guards.end(), first.bytes);
    if (known != program_.guards.end()) return static_cast<std::uint32_t>(known - program_.guards.begin());
    program_.guards.push_back(first.bytes);
    return static_cast<std::uint32_t>(program_.guards.size() - 1);
  }

  void emit(const RegexNode& node) {
    switch (node.kind) {
      case Kind::set:
        return emit_set(node);
      case Kind::sequence:
        for (const RegexNode& child : node.children) emit(child);
        return;
      case Kind::alternatives:
        return emit_alternatives(node);
      case Kind::repeat:
        return emit_repeat(node);
      case Kind::look_ahead:
      case Kind::look_behind:
      case Kind::atomic:
        return emit_inner(node);
      case Kind::assertion:
        return emit_assertion(node.assertion);
    }
  }

  void emit_assertion(Assertion assertion) {
    const bool is_border = assertion == Assertion::border || assertion == Assertion::no_border;
    program_.looks_back |= is_border || assertion == Assertion::line_begin || assertion == Assertion::text_begin;
    put({.op = Op::assertion, .a = is_border ? table(word_characters()) : 0, .assertion = assertion});
  }

  void emit_set(const RegexNode& node) {
    const auto& ranges = node.set.ranges();
    if (ranges.size() == 1 && ranges[0].first == ranges[0].last) {
      put({.op = Op::literal, .a = ranges[0].first});
    } else {
      put({.op = Op::set, .a = table(node.set)});
    }
  }

  void emit_alternatives(const RegexNode& node) {
    std::vector<std::uint32_t> ends;
    for (std::size_t i = 0; i + 1 < node.children.size(); ++i) {
      const std::uint32_t fork = put({.op = Op::fork, .a = guard(node.children[i])});
      emit(node.children[i]);
      ends.push_back(put({.op = Op::jump}));
      program_.steps[fork].target = here();
    }
    emit(node.children.back());
    for (const std::uint32_t end : ends) program_.steps[end].target = here();
  }

  void emit_repeat(const RegexNode& node) {
    const RegexNode& child = node.children[0];
    if (child.kind == Kind::set) {
      put({.op = Op::repeat, .greedy = node.greedy, .a = table(child.set), .min = node.min, .max = node.max});
      return;
    }
    for (std::uint32_t i = 0; i < node.min; ++i) emit(child);
    if (node.max == unlimited) return emit_loop(node);
    std::vector<std::uint32_t> forks;
    for (std::uint32_t i = node.min; i < node.max; ++i) {
      forks.push_back(put({.op = Op::fork, .greedy = node.greedy, .a = guard(child)}));
      emit(child);
    }
    for (const std::uint32_t fork : forks) program_.steps[fork].target = here();
  }

  void emit_loop(const RegexNode& node) {
    const RegexNode& child = node.children[0];
    const std::uint32_t fork = put({.op = Op::fork, .greedy = node.greedy, .a = guard(child)});
    if (first_of(child).nullable) {
      const std::uint32_t slot = program_.slots++;
      put({.op = Op::loop_begin, .a = slot});
      emit(child);
      put({.op = Op::loop_next, .a = slot, .target = fork});
    } else {
      emit(child);
      put({.op = Op::jump, .target = fork});
    }
    program_.steps[fork].target = here();
  }

  // The inner expression follows its step, and ends in a match of its own.
  void emit_inner(const RegexNode& node) {
    RegexStep step{.op = Op::atomic, .negative = node.negative};
    if (node.kind == Kind::look_ahead) step.op = Op::look_ahead;
    if (node.kind == Kind::look_behind) {
      step.op = Op::look_behind;
      const auto width = width_of(node.children[0]);
      if (!width || *width > 1000) {
        throw sdk::invalid(std::string(where_) +
                           ": the regular expression looks behind for texts of different lengths; expected (?<=…) of "
                           "a fixed number of characters, at most 1000");
      }
      step.a = static_cast<std::uint32_t>(*width);
      program_.looks_back = true;
    }
    const std::uint32_t at = put(step);
    emit(node.children[0]);
    put({.op = Op::match});
    program_.steps[at].target = here();
  }

  // A greedy run needs no way back if what follows cannot begin with one of its characters, or can never fail.
  void mark_what_never_backs_up() {
    for (std::uint32_t i = here(); i-- > 0;) {
      RegexStep& step = program_.steps[i];
      if (step.op != Op::repeat || !step.greedy) continue;
      std::uint32_t next = i + 1;
      while (program_.steps[next].op == Op::jump && program_.steps[next].target > next)
        next = program_.steps[next].target;
      step.never_back = always_matches(next) || is_disjoint(sets_[step.a], program_.steps[next]);
    }
  }

  bool always_matches(std::uint32_t at) const {
    const auto& steps = program_.steps;
    while (steps[at].op == Op::repeat && steps[at].min == 0) ++at;
    while (steps[at].op == Op::jump && steps[at].target > at) at = steps[at].target;
    return steps[at].op == Op::match;
  }

  bool is_disjoint(CharSet set, const RegexStep& next) const {
    if (next.op == Op::literal) return !set.contains(next.a);
    if (next.op != Op::set && !(next.op == Op::repeat && next.min > 0)) return false;
    set.intersect(sets_[next.a]);
    return set.ranges().empty();
  }

  std::string_view where_;
  Regex::Program program_;
  std::vector<CharSet> sets_;  // of program_.tables
};

Regex::Regex(std::string_view pattern, std::string_view where) : Regex(parse_regex(pattern, where), where) {}

Regex::Regex(const RegexNode& tree, std::string_view where) : program_(RegexCompiler(where).compile(tree)) {}

Regex Regex::literal(std::string_view text) {
  RegexNode tree;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = text::decode(text, at);
    RegexNode& node = tree.children.emplace_back();
    node.kind = Kind::set;
    node.set = CharSet(c, c);
  }
  return Regex(tree, "pattern");
}

Regex Regex::one_of(const CharSet& set, bool run) {
  RegexNode tree;
  tree.kind = Kind::repeat;
  tree.min = 1;
  tree.max = run ? unlimited : 1;
  RegexNode& node = tree.children.emplace_back();
  node.kind = Kind::set;
  node.set = set;
  return Regex(tree, "pattern");
}

}  // namespace welt::tokenizers
