// Words as units, and which units may be written one behind the other.
#include "core/text/units.h"

#include <gtest/gtest.h>

#include "core/text/bytes.h"
#include "core/text/unit_automaton.h"

namespace welt {
namespace {

using Bytes = std::vector<std::int64_t>;

constexpr Encoding encodings[] = {Encoding::utf8, Encoding::utf16, Encoding::utf32};

Bytes spelt(std::string_view word, Encoding encoding) {
  Bytes bytes;
  Units(encoding).append(as_bytes(word), bytes);
  return bytes;
}

TEST(Units, ASmileIsFourBytesTwoUnitsOneCodePoint) {
  EXPECT_EQ(spelt("\U0001F642", Encoding::utf8), (Bytes{0xF0, 0x9F, 0x99, 0x82}));
  EXPECT_EQ(spelt("\U0001F642", Encoding::utf16), (Bytes{0x3D, 0xD8, 0x42, 0xDE}));
  EXPECT_EQ(spelt("\U0001F642", Encoding::utf32), (Bytes{0x42, 0xF6, 0x01, 0x00}));
}

// The tokenizer (held against the Python's) gives the same units, and their number.
TEST(Units, AreTheTokenizers) {
  const std::string_view word = "na\u00EFve \uD7FF\uE000\uFFFF\U00010000\U0010FFFF\x01";
  TokenRows<std::uint16_t> pairs;
  tokenize<std::uint16_t>({&word, 1}, {.special = false}, pairs);
  TokenRows<std::uint32_t> points;
  tokenize<std::uint32_t>({&word, 1}, {.special = false}, points);
  for (const auto& [units, ids] :
       {std::pair{Units(Encoding::utf16), std::vector<std::uint32_t>(pairs.ids.begin(), pairs.ids.end())},
        std::pair{Units(Encoding::utf32), points.ids}}) {
    Bytes expected;
    for (const std::uint32_t id : ids) units.append_unit(id, expected);
    EXPECT_EQ(spelt(word, units.encoding()), expected);
    EXPECT_EQ(units.count(as_bytes(word)), std::ssize(ids));
  }
  EXPECT_EQ(Units().count(as_bytes(word)), std::ssize(word));
  for (const Encoding encoding : encodings) EXPECT_EQ(Units(encoding).count({}), 0);
}

// Can `unit` be chosen, byte by byte?
bool may_come(const UnitAutomaton& automaton, Units units, std::uint32_t unit, WordRoom room = {30, 30}) {
  std::uint32_t chosen = 0;
  for (std::int64_t place = units.bytes() - 1; place >= 0; --place) {
    const std::uint32_t byte = unit >> (8 * place) & 0xFF;
    if (!automaton.allowed(chosen, place, room).test(byte)) return false;
    chosen |= byte << (8 * place);
  }
  return true;
}

TEST(UnitAutomaton, LettersAndEosComeAndPadAndBosNever) {
  for (const Encoding encoding : encodings) {
    const Units units(encoding);
    const UnitAutomaton automaton(units);
    for (const std::uint32_t unit : {1, 3, 0x20, 0x61, 0x7F}) EXPECT_TRUE(may_come(automaton, units, unit)) << unit;
    for (const std::uint32_t unit : {0, 2}) EXPECT_FALSE(may_come(automaton, units, unit)) << unit;
  }
}

TEST(UnitAutomaton, ALeadSurrogateIsFollowedByATrailAndByNothingElse) {
  const Units units(Encoding::utf16);
  UnitAutomaton automaton(units);
  for (const std::uint32_t unit : {0xD7FF, 0xD800, 0xDBFF, 0xE000, 0xFFFF})
    EXPECT_TRUE(may_come(automaton, units, unit));
  for (const std::uint32_t unit : {0xDC00, 0xDFFF}) EXPECT_FALSE(may_come(automaton, units, unit));
  std::string text;
  automaton.feed(0xD83D, text);
  EXPECT_EQ(text, "");
  for (const std::uint32_t unit : {0xDC00, 0xDE42, 0xDFFF}) EXPECT_TRUE(may_come(automaton, units, unit));
  for (const std::uint32_t unit : {3, 0x61, 0xD800, 0xDBFF, 0xE000}) EXPECT_FALSE(may_come(automaton, units, unit));
  automaton.feed(0xDE42, text);
  EXPECT_EQ(text, "\U0001F642");
  EXPECT_TRUE(may_come(automaton, units, 3));
  EXPECT_FALSE(may_come(automaton, units, 0xDE42));
}

TEST(UnitAutomaton, CodePointsHaveNoSurrogates) {
  const Units units(Encoding::utf32);
  const UnitAutomaton automaton(units);
  for (const std::uint32_t unit : {0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu})
    EXPECT_TRUE(may_come(automaton, units, unit)) << unit;
  for (const std::uint32_t unit : {0xD800u, 0xDBFFu, 0xDC00u, 0xDFFFu, 0x110000u, 0x1000061u})
    EXPECT_FALSE(may_come(automaton, units, unit)) << unit;
}

// Whatever is left, something may come that ends well, and never a character that does not go in.
TEST(UnitAutomaton, ACharacterNeedsTheRoomOfItsText) {
  for (const Encoding encoding : {Encoding::utf16, Encoding::utf32}) {
    const Units units(encoding);
    const UnitAutomaton automaton(units);
    for (std::int64_t bytes = 1; bytes <= 4; ++bytes) {
      const WordRoom room{30, bytes};
      EXPECT_TRUE(may_come(automaton, units, 0x7F, room));
      EXPECT_EQ(may_come(automaton, units, 0x80, room), bytes >= 2);
      EXPECT_EQ(may_come(automaton, units, 0x7FF, room), bytes >= 2);
      EXPECT_EQ(may_come(automaton, units, 0x800, room), bytes >= 3);
      EXPECT_EQ(may_come(automaton, units, 0xFFFF, room), bytes >= 3);
      EXPECT_EQ(may_come(automaton, units, encoding == Encoding::utf16 ? 0xD800 : 0x10000, room), bytes >= 4);
    }
  }
  const Units units(Encoding::utf16);
  EXPECT_FALSE(may_come(UnitAutomaton(units), units, 0xD800, {1, 4}));  // no unit would be left for the trail
}

TEST(UnitAutomaton, TheReferenceHoldsUnitsToNoRuleAndDropsWhatIsNoText) {
  const Units units(Encoding::utf16);
  UnitAutomaton automaton(units, /*reference=*/true);
  std::string text;
  for (const std::uint32_t unit : {0xDE42, 0xD83D, 0x61, 0xD83D, 0, 2, 0xDE42, 0xD83D}) {
    EXPECT_TRUE(may_come(automaton, units, unit));
    automaton.feed(unit, text);
  }
  EXPECT_EQ(text, "a\U0001F642");
}

}  // namespace
}  // namespace welt
