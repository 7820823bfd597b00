// Which unit may come next, so that what is written unit by unit is well-formed text, and the text it makes.
//
// A unit is chosen as a model gives it, byte by byte, the most significant first (core/text/units.h): each byte is one
// of those that a permitted unit can have there, given the bytes above it. Bytes of UTF-8 follow
// core/text/utf8_automaton.h. In UTF-16 a lead surrogate is followed by a trail and no trail stands alone; UTF-32 has
// no surrogates and nothing above 10FFFF. PAD and BOS never come, and EOS only where no surrogate is owed its other
// half. One for each word.
#pragma once

#include <cstdint>
#include <string>

#include "core/text/units.h"
#include "core/text/utf8_automaton.h"

namespace welt {

// What is left of a word: units that can be written, and bytes of its text in UTF-8, the next one's included.
struct WordRoom {
  std::int64_t units, bytes;
};

class UnitAutomaton {
 public:
  // `reference`: as the Python reference, which holds UTF-8 to a looser rule and other units to none.
  explicit UnitAutomaton(Units units = Units(), bool reference = false);

  // Bytes that may stand at `place` (N−1 … 0) of the next unit, the bytes above it being those of `unit`; a word is
  // never left inside a character for want of room. Not empty while there is room and `unit` came of this.
  ByteSet allowed(std::uint32_t unit, std::int64_t place, const WordRoom& room) const;
  // Takes the next unit, EOS excepted; the characters it completes go to `text`. What is no text (under the reference's
  // rule: PAD, BOS, half a pair) leaves nothing.
  void feed(std::uint32_t unit, std::string& text);

 private:
  Units units_;
  bool reference_;
  Utf8Automaton utf8_;
  std::uint32_t lead_ = 0;  // surrogate that is owed its trail; 0: none
};

}  // namespace welt
