// Which byte may come next, so that what is written byte by byte is well-formed UTF-8 (Unicode Standard, table 3-7),
// and the looser rule of the Python reference. No allocation, any thread.
//
// Both are automata of eight states, given as tables here.
#pragma once

#include <bitset>
#include <cstdint>

namespace welt {

using ByteSet = std::bitset<256>;

// reference: the mask of utf8_tokenizer's UTF8ValidationLogitsProcessor. Everything is allowed where a character is
// complete, invalid start bytes too; inside one the first continuation byte is not checked when it is already there.
enum class Utf8Rule : std::uint8_t { strict, reference };

// State 0: nothing is owed. The others are named by what may come next and how many bytes are owed.
inline constexpr std::uint8_t utf8_states = 8;
// Rooms that differ: 0, 1, 2, 3, and 4 for anything larger.
inline constexpr std::int64_t utf8_rooms = 5;

// Continuation bytes owed in a state, 0 to 3; 0: the text may end here.
int utf8_owed(std::uint8_t state);
// The state behind `byte`. An ill-formed byte starts anew at itself.
std::uint8_t utf8_next(std::uint8_t state, std::uint8_t byte, Utf8Rule rule = Utf8Rule::strict);
// Bytes allowed in a state with `room` bytes left in the word, the next one included. Under the strict rule a start
// byte that needs n more needs n < room, and the end-of-text byte (03) is allowed where nothing is owed, whatever the
// room. The reference knows no room.
const ByteSet& utf8_allowed(std::uint8_t state, std::int64_t room, Utf8Rule rule = Utf8Rule::strict);

// What is owed after the bytes so far.
class Utf8Automaton {
 public:
  explicit Utf8Automaton(Utf8Rule rule = Utf8Rule::strict) : rule_(rule) {}
  void feed(std::uint8_t byte) { state_ = utf8_next(state_, byte, rule_); }
  int owed() const { return utf8_owed(state_); }
  // Bytes that keep the text well-formed and can be finished within `room` bytes: no word is left inside a character.
  const ByteSet& allowed(std::int64_t room) const { return utf8_allowed(state_, room, rule_); }

 private:
  Utf8Rule rule_;
  std::uint8_t state_ = 0;
};

}  // namespace welt
