// The bytes that may follow, against tests/goldens/text/utf8_mask.jsonl (a strict decoder, and the Python reference).
#include "core/text/utf8_automaton.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "core/base/file.h"
#include "core/base/utf8.h"

namespace welt {
namespace {

using Json = nlohmann::json;

std::string from_hex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

ByteSet from_ranges(const Json& ranges) {
  ByteSet set;
  for (const Json& range : ranges)
    for (int byte = range[0]; byte <= range[1].get<int>(); ++byte) set.set(static_cast<std::size_t>(byte));
  return set;
}

TEST(Utf8AutomatonParity, EveryPrefixOfTheGoldenFile) {
  std::istringstream lines(read_file(WELT_TEST_DATA "/text/utf8_mask.jsonl"));
  int cases = 0;
  for (std::string line; std::getline(lines, line); ++cases) {
    const Json row = Json::parse(line);
    const std::string prefix = from_hex(row.at("prefix"));
    Utf8Automaton automaton, reference(Utf8Rule::reference);
    for (const char byte : prefix) {
      automaton.feed(static_cast<std::uint8_t>(byte));
      reference.feed(static_cast<std::uint8_t>(byte));
    }
    EXPECT_EQ(automaton.owed(), row.at("owed").get<int>()) << line;
    EXPECT_EQ(automaton.owed() == 0, row.at("strict_can_end").get<bool>()) << line;
    EXPECT_EQ(automaton.allowed(4), from_ranges(row.at("strict"))) << line;
    EXPECT_EQ(reference.allowed(0), from_ranges(row.at("reference"))) << line;
  }
  EXPECT_GT(cases, 400);
}

TEST(Utf8Automaton, NoCharacterIsBegunThatTheRoomCannotHold) {
  for (std::int64_t room = 0; room <= 4; ++room) {
    const ByteSet set = Utf8Automaton().allowed(room);
    EXPECT_EQ(set.test('a'), room >= 1);
    EXPECT_EQ(set.test(0xC3), room >= 2);
    EXPECT_EQ(set.test(0xE2), room >= 3);
    EXPECT_EQ(set.test(0xF0), room >= 4);
    EXPECT_TRUE(set.test(0x03)) << "the text may always end between characters";
  }
}

// Whatever is chosen from the allowed bytes, a word is well-formed and never over its room.
TEST(Utf8Automaton, AnyChoiceOfAllowedBytesIsWellFormed) {
  std::uint32_t state = 1;
  for (int trial = 0; trial < 2000; ++trial) {
    const std::int64_t room = trial % 9;
    std::string text;
    Utf8Automaton automaton;
    while (static_cast<std::int64_t>(text.size()) < room) {
      const ByteSet set = automaton.allowed(room - static_cast<std::int64_t>(text.size()));
      ASSERT_TRUE(set.any());
      std::uint8_t byte = 0;
      do {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<std::uint8_t>(state >> 24);
      } while (!set.test(byte));
      text.push_back(static_cast<char>(byte));
      automaton.feed(byte);
    }
    EXPECT_EQ(automaton.owed(), 0);
    EXPECT_EQ(find_invalid_utf8(text), utf8_ok);
  }
}

}  // namespace
}  // namespace welt
