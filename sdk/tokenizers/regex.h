// Regular expressions over UTF-8, as the pre-tokenizers of a tokenizer.json use them: Oniguruma's syntax and choices
// (leftmost, the first alternative that fits), with its version of Unicode. A matcher of our own, because it can say
// how far it has looked (what more text could change is then known), and because its effort is bounded.
//
// Understood: literals, ., sets with ranges, nesting and &&, \d \s \w \h \p{…}, groups, |, * + ? {n,m}, lazy and
// possessive, look-ahead, look-behind of a fixed number of characters, atomic groups, anchors, (?i) and (?m). Under
// (?i) single characters are compared, not ß with ss. Not understood, and refused: back-references, \X \R \K \G,
// conditions, (?x).
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "char_set.h"
#include "regex_syntax.h"

namespace welt::tokenizers {

// One step of the program.
struct RegexStep {
  enum class Op : std::uint8_t {
    literal,
    set,
    repeat,
    fork,
    jump,
    look_ahead,
    look_behind,
    atomic,
    assertion,
    loop_begin,
    loop_next,
    match
  };
  Op op;
  bool greedy = true;       // repeat, fork: prefers to go on
  bool negative = false;    // look_ahead, look_behind
  bool never_back = false;  // repeat: nothing behind it could use what it would give back
  std::uint32_t a =
      0;  // literal: code point; set, repeat, borders: table; fork: guard; look_behind: characters; loop: slot
  std::uint32_t target = 0;        // fork: the other way; jump, loop_next, atomic and looks: where it goes on
  std::uint32_t min = 0, max = 0;  // repeat
  Assertion assertion{};
};

// Immutable, any thread. Copies share the program.
class Regex {
 public:
  // Throws Failure naming `where` for a pattern that is wrong, not supported, or too large.
  Regex(std::string_view pattern, std::string_view where);
  // Matches `text` itself.
  static Regex literal(std::string_view text);
  // One of `set`, or a run of them.
  static Regex one_of(const CharSet& set, bool run);

  // Looks at what stands before a match: a text must not be cut before it is searched.
  bool looks_back() const { return program_->looks_back; }

 private:
  friend class RegexSearch;
  friend class RegexCompiler;
  struct Program {
    std::vector<RegexStep> steps;
    std::vector<CharTable> tables;
    std::vector<std::bitset<256>> guards;  // first bytes that a way can begin with; all set if it may be empty
    std::uint32_t slots = 0;               // of loops whose body may be empty
    bool looks_back = false;
  };
  explicit Regex(const RegexNode& tree, std::string_view where);

  std::shared_ptr<const Program> program_;
};

// The matches in one text, from left to right. One thread.
class RegexSearch {
 public:
  // `text` is well-formed UTF-8 and must outlive the search.
  RegexSearch(const Regex& regex, std::string_view text);

  struct Match {
    std::size_t begin, end;
  };
  // The next match, behind the last one; an empty match right behind the last one is passed over. Throws Failure when
  // the expression needs out of all proportion many steps for the text.
  std::optional<Match> next();

  // All that was found so far is decided by the first seen() bytes; text.size() + 1: also by where the text ends.
  std::size_t seen() const { return seen_; }

 private:
  struct Choice {  // where to go on when what was tried has failed
    enum class Kind : std::uint8_t { resume, give_back, take_more, restore };
    Kind kind;
    std::uint32_t step;
    std::size_t at, limit;  // give_back: the least position; take_more: characters taken; restore: slot value
  };

  std::optional<std::size_t> match_at(std::size_t begin);
  // Runs from `step` at `at` to a match; its end. Choices above those on the stack at entry are gone afterwards.
  std::optional<std::size_t> run(std::uint32_t step, std::size_t at);
  bool advance(std::uint32_t& step, std::size_t& at);
  bool back_up(std::size_t floor, std::uint32_t& step, std::size_t& at);
  bool fork(std::uint32_t& step, std::size_t at);
  bool repeat(std::uint32_t& step, std::size_t& at);
  bool look(std::uint32_t& step, std::size_t& at);
  bool holds(const RegexStep& step, std::size_t at);
  void push(Choice choice);
  void count_step();
  bool take(const CharTable& table, std::size_t& at);
  void saw(std::size_t end) {
    if (end > seen_) seen_ = end;
  }

  std::shared_ptr<const Regex::Program> program_;
  std::string_view text_;
  std::vector<Choice> choices_;
  std::vector<std::size_t> slots_;
  std::size_t from_ = 0, seen_ = 0;
  std::optional<std::size_t> last_end_;
  std::uint64_t steps_left_;
};

}  // namespace welt::tokenizers
