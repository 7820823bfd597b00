// Runs the program of a regular expression: depth first, with a stack of choices. See regex.h.
#include <welt/text/utf8.h>
#include <welt/sdk/base.hpp>

#include "regex.h"

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;
using Op = RegexStep::Op;

constexpr std::size_t most_choices = std::size_t{1} << 22;

// Steps for a text: a good pattern needs some five a byte.
std::uint64_t effort(std::size_t size) { return 10'000'000 + 32 * static_cast<std::uint64_t>(size); }

void step_back(std::string_view text, std::size_t& at) {
  do --at;
  while ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80);
}

}  // namespace

RegexSearch::RegexSearch(const Regex& regex, std::string_view text)
    : program_(regex.program_), text_(text), slots_(program_->slots), steps_left_(effort(text.size())) {}

std::optional<RegexSearch::Match> RegexSearch::next() {
  const std::bitset<256>& guard = program_->guards[0];
  const bool may_be_empty = guard.all();
  while (from_ <= text_.size()) {
    if (from_ == text_.size() && !may_be_empty) break;
    if (from_ < text_.size() && !guard[static_cast<std::uint8_t>(text_[from_])]) {
      saw(from_ + 1);
      from_ += text::sequence_length(static_cast<std::uint8_t>(text_[from_]));
      continue;
    }
    const auto end = match_at(from_);
    const std::size_t begin = from_;
    if (end && !(*end == begin && last_end_ == begin)) {
      from_ = *end;
      last_end_ = *end;
      return Match{begin, *end};
    }
    from_ += from_ < text_.size() ? text::sequence_length(static_cast<std::uint8_t>(text_[from_])) : 1;
  }
  saw(text_.size() + 1);
  return std::nullopt;
}

std::optional<std::size_t> RegexSearch::match_at(std::size_t begin) {
  choices_.clear();
  return run(0, begin);
}

void RegexSearch::count_step() {
  if (steps_left_-- == 0) {
    throw sdk::Failure(WELT_RESOURCE_EXHAUSTED,
                       "a regular expression of the tokenizer takes too many steps on a text of " +
                           std::to_string(text_.size()) +
                           " bytes; expected one that does not try the same again "
                           "and again (nested repetitions)");
  }
}

void RegexSearch::push(Choice choice) {
  if (choices_.size() >= most_choices) {
    throw sdk::Failure(WELT_RESOURCE_EXHAUSTED,
                       "a regular expression of the tokenizer keeps more than 4194304 choices "
                       "open; expected fewer repetitions of groups");
  }
  choices_.push_back(choice);
}

std::optional<std::size_t> RegexSearch::run(std::uint32_t step, std::size_t at) {
  const std::size_t floor = choices_.size();
  while (program_->steps[step].op != Op::match) {
    count_step();
    if (!advance(step, at) && !back_up(floor, step, at)) return std::nullopt;
  }
  // Slots of dropped choices are not restored: a loop that is over sets its slot anew before it reads it.
  choices_.resize(floor);
  return at;
}

// One step forwards; false: it does not fit.
bool RegexSearch::advance(std::uint32_t& step, std::size_t& at) {
  const RegexStep& now = program_->steps[step];
  switch (now.op) {
    case Op::literal: {
      saw(at + 1);
      if (at >= text_.size() || text::decode(text_, at) != now.a) return false;
      break;
    }
    case Op::set:
      if (!take(program_->tables[now.a], at)) return false;
      break;
    case Op::repeat:
      return repeat(step, at);
    case Op::fork:
      return fork(step, at);
    case Op::jump:
      step = now.target;
      return true;
    case Op::look_ahead:
    case Op::look_behind:
    case Op::atomic:
      return look(step, at);
    case Op::assertion:
      if (!holds(now, at)) return false;
      break;
    case Op::loop_begin:
      push({Choice::Kind::restore, now.a, 0, slots_[now.a]});
      slots_[now.a] = at;
      break;
    case Op::loop_next:
      if (slots_[now.a] != at) {
        step = now.target;
        return true;
      }
      break;  // the body took up nothing: the loop is over
    case Op::match:
      return true;
  }
  ++step;
  return true;
}

// Takes up one character of the table.
bool RegexSearch::take(const CharTable& table, std::size_t& at) {
  saw(at + 1);
  if (at >= text_.size()) return false;
  std::size_t behind = at;
  if (!table.contains(text::decode(text_, behind))) return false;
  at = behind;
  return true;
}

bool RegexSearch::fork(std::uint32_t& step, std::size_t at) {
  const RegexStep& now = program_->steps[step];
  const std::bitset<256>& guard = program_->guards[now.a];
  saw(at + 1);
  const bool possible = at < text_.size() ? guard[static_cast<std::uint8_t>(text_[at])] : guard.all();
  if (!possible) {
    step = now.target;
    return true;
  }
  push({Choice::Kind::resume, now.greedy ? now.target : step + 1, at, 0});
  step = now.greedy ? step + 1 : now.target;
  return true;
}

bool RegexSearch::repeat(std::uint32_t& step, std::size_t& at) {
  const RegexStep& now = program_->steps[step];
  const CharTable& table = program_->tables[now.a];
  std::uint32_t taken = 0;
  for (; taken < now.min; ++taken)
    if (!take(table, at)) return false;
  if (!now.greedy) {
    if (now.max > taken) push({Choice::Kind::take_more, step, at, taken});
  } else {
    const std::size_t least = at;
    for (; taken < now.max && take(table, at); ++taken) {
    }
    if (at > least && !now.never_back) push({Choice::Kind::give_back, step + 1, at, least});
  }
  ++step;
  return true;
}

bool RegexSearch::look(std::uint32_t& step, std::size_t& at) {
  const RegexStep& now = program_->steps[step];
  std::size_t from = at;
  bool room = true;
  if (now.op == Op::look_behind) {
    for (std::uint32_t i = 0; i < now.a && room; ++i) {
      room = from > 0;
      if (room) step_back(text_, from);
    }
  }
  const std::uint32_t inner = step + 1;
  const auto end = room ? run(inner, from) : std::nullopt;
  if (end.has_value() == now.negative) return false;
  if (now.op == Op::atomic) at = *end;
  step = now.target;
  return true;
}

bool RegexSearch::holds(const RegexStep& step, std::size_t at) {
  switch (step.assertion) {
    case Assertion::text_begin:
      return at == 0;
    case Assertion::line_begin:
      return at == 0 || (text_[at - 1] == '\n' && at < text_.size());
    case Assertion::text_end:
      saw(at + 1);
      return at == text_.size();
    case Assertion::line_end:
      saw(at + 1);
      return at == text_.size() || text_[at] == '\n';
    case Assertion::text_end_or_newline:
      saw(at + 2);
      return at == text_.size() || (text_[at] == '\n' && at + 1 == text_.size());
    default:
      break;
  }
  std::size_t before = at;
  if (at > 0) step_back(text_, before);
  const CharTable& letters = program_->tables[step.a];
  const bool after_word = at > 0 && take(letters, before);
  std::size_t behind = at;
  return (after_word != take(letters, behind)) == (step.assertion == Assertion::border);
}

// Goes back to the latest choice above `floor` that is still open.
bool RegexSearch::back_up(std::size_t floor, std::uint32_t& step, std::size_t& at) {
  while (choices_.size() > floor) {
    count_step();
    Choice& choice = choices_.back();
    switch (choice.kind) {
      case Choice::Kind::restore:
        slots_[choice.step] = choice.limit;
        choices_.pop_back();
        continue;
      case Choice::Kind::resume:
        step = choice.step;
        at = choice.at;
        choices_.pop_back();
        return true;
      case Choice::Kind::give_back:
        step_back(text_, choice.at);
        step = choice.step;
        at = choice.at;
        if (choice.at == choice.limit) choices_.pop_back();
        return true;
      case Choice::Kind::take_more: {
        const RegexStep& repeated = program_->steps[choice.step];
        at = choice.at;
        if (!take(program_->tables[repeated.a], at)) {
          choices_.pop_back();
          continue;
        }
        step = choice.step + 1;
        choice.at = at;
        if (++choice.limit == repeated.max) choices_.pop_back();
        return true;
      }
    }
  }
  return false;
}

}  // namespace welt::tokenizers
