// See utf8_automaton.h.
#include "core/text/utf8_automaton.h"

#include <algorithm>
#include <array>

namespace welt {
namespace {

struct State {
  int owed;                // continuation bytes
  std::uint8_t low, high;  // of the next of them
};

// Table 3-7: behind nothing, behind a character's later bytes, and behind each kind of start byte.
constexpr State states[utf8_states] = {
    {0, 0x00, 0xFF},  // 0: a character is complete
    {1, 0x80, 0xBF},  // 1: C2–DF, or one byte left
    {2, 0xA0, 0xBF},  // 2: E0, whose shorter forms are none
    {2, 0x80, 0xBF},  // 3: E1–EC, EE, EF, or two bytes left
    {2, 0x80, 0x9F},  // 4: ED, which surrogates would follow
    {3, 0x90, 0xBF},  // 5: F0, whose shorter forms are none
    {3, 0x80, 0xBF},  // 6: F1–F3
    {3, 0x80, 0x8F},  // 7: F4, which ends at 10FFFF
};

constexpr std::uint8_t start_state(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return 1;
  if (byte == 0xE0) return 2;
  if (byte == 0xED) return 4;
  if (byte >= 0xE1 && byte <= 0xEF) return 3;
  if (byte == 0xF0) return 5;
  if (byte >= 0xF1 && byte <= 0xF3) return 6;
  return byte == 0xF4 ? 7 : 0;
}

constexpr std::uint8_t next_state(std::uint8_t state, std::uint8_t byte, Utf8Rule rule) {
  constexpr std::uint8_t with_owed[] = {0, 1, 3};
  const State& now = states[state];
  const bool goes_on = rule == Utf8Rule::strict ? byte >= now.low && byte <= now.high : (byte & 0xC0) == 0x80;
  return now.owed > 0 && goes_on ? with_owed[now.owed - 1] : start_state(byte);
}

using NextTable = std::array<std::array<std::uint8_t, 256>, utf8_states>;

constexpr NextTable next_table(Utf8Rule rule) {
  NextTable table{};
  for (std::uint8_t state = 0; state < utf8_states; ++state)
    for (int byte = 0; byte < 256; ++byte)
      table[state][static_cast<std::size_t>(byte)] = next_state(state, static_cast<std::uint8_t>(byte), rule);
  return table;
}

constexpr NextTable next_tables[] = {next_table(Utf8Rule::strict), next_table(Utf8Rule::reference)};

ByteSet make_allowed(const State& state, std::int64_t room, Utf8Rule rule) {
  ByteSet set;
  const auto add = [&](int low, int high) {
    for (int byte = low; byte <= high; ++byte) set.set(static_cast<std::size_t>(byte));
  };
  if (state.owed > 0 || rule == Utf8Rule::reference) {
    add(state.low, state.high);
    return set;
  }
  if (room > 0) add(0x00, 0x7F);
  if (room > 1) add(0xC2, 0xDF);
  if (room > 2) add(0xE0, 0xEF);
  if (room > 3) add(0xF0, 0xF4);
  set.set(0x03);
  return set;
}

using AllowedTable = std::array<std::array<std::array<ByteSet, utf8_rooms>, utf8_states>, 2>;

AllowedTable make_allowed_table() {
  AllowedTable table;
  for (const Utf8Rule rule : {Utf8Rule::strict, Utf8Rule::reference})
    for (std::size_t state = 0; state < utf8_states; ++state)
      for (std::size_t room = 0; room < utf8_rooms; ++room)
        table[static_cast<std::size_t>(rule)][state][room] =
            make_allowed(states[state], static_cast<std::int64_t>(room), rule);
  return table;
}

}  // namespace

int utf8_owed(std::uint8_t state) { return states[state].owed; }

std::uint8_t utf8_next(std::uint8_t state, std::uint8_t byte, Utf8Rule rule) {
  return next_tables[static_cast<std::size_t>(rule)][state][byte];
}

const ByteSet& utf8_allowed(std::uint8_t state, std::int64_t room, Utf8Rule rule) {
  static const AllowedTable table = make_allowed_table();
  const std::int64_t line = std::clamp<std::int64_t>(room, 0, utf8_rooms - 1);
  return table[static_cast<std::size_t>(rule)][state][static_cast<std::size_t>(line)];
}

}  // namespace welt
