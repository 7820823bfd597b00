// `welt render`: the picture, the figures, the same pixels in every process, and what it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(json::parse(line));
  return out;
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

TEST(RenderVerb, PrintsFiguresThatEveryProcessAgreesOn) {
  const std::vector<std::string> words = {"render", "--json", "Hello", "", "שלום ", "昨天", "\x0e"};
  const Outcome first = run_welt(words), second = run_welt(words);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.out, second.out);
  const std::vector<json> lines = lines_of(first.out);
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0]["text"], "Hello");
  EXPECT_EQ(lines[0]["width"], 48);
  EXPECT_EQ(lines[0]["height"], 16);
  EXPECT_EQ(lines[0]["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(lines[1]["width"], 16);
  EXPECT_NE(lines[2]["sha256"], lines[3]["sha256"]);
  EXPECT_TRUE(lines[4]["fingerprint"].get<std::string>().starts_with("freetype/"));
}

TEST(RenderVerb, WritesAGreyPngOfTheStackedImages) {
  const TempFolder folder;
  const std::string file = (folder / "words.png").string();
  const Outcome outcome = run_welt({"render", "Hello", "i", "--out", file, "--scale", "3"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const std::string png = slurp(file);
  ASSERT_GT(png.size(), 33u);
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(big_endian(png, 16), 48u * 3);
  EXPECT_EQ(big_endian(png, 20), (16u + 2 + 16) * 3);
  EXPECT_EQ(png.substr(24, 2), std::string("\x08\x00", 2));  // 8 bits, grey
}

// The command-line library takes "[a,b]" for a list of two unless it is told otherwise.
TEST(RenderVerb, ATextInBracketsIsOneText) {
  const Outcome outcome = run_welt({"render", "[a,b]", "c", "--json"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 2);
  EXPECT_NE(outcome.out.find(R"("text":"[a,b]")"), std::string::npos) << outcome.out;
}

TEST(RenderVerb, OptionsReachThePlugin) {
  const Outcome outcome = run_welt({"render", "--json", "--block", "32", "--font-px", "24", "--font",
                                    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", "Hello"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json line = json::parse(outcome.out);
  EXPECT_EQ(line["width"], 96);
  EXPECT_EQ(line["height"], 32);
  EXPECT_NE(line["fingerprint"].get<std::string>().find("1 fonts"), std::string::npos);
}

struct Refused {
  std::vector<std::string> arguments;
  std::string said;
  friend void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.said; }
};
class RenderVerbRefuses : public testing::TestWithParam<Refused> {};
TEST_P(RenderVerbRefuses, LeavesWithOneAndOneParagraph) {
  std::vector<std::string> arguments = {"render"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const Outcome outcome = run_welt(arguments);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(GetParam().said), std::string::npos) << outcome.err;
}
INSTANTIATE_TEST_SUITE_P(
    Render, RenderVerbRefuses,
    testing::Values(Refused{{"Hello"}, "neither --out nor --json"},
                    Refused{{"--json", "ok\xC3(x"}, "byte 2 (C3) is not UTF-8"},
                    Refused{{"--json", "a", "--plugin", "freetyp"}, "Did you mean \"freetype\"?"},
                    Refused{{"--json", "a", "--font", "/nowhere.ttf"}, "/nowhere.ttf: No such file"},
                    Refused{{"--json", "a", "--block", "4000"}, "expected 1 to 1024"},
                    Refused{{"a", "--out", "/nowhere/a.png"}, "/nowhere/a.png"},
                    Refused{{std::string(20000, 'W'), "--out", "/tmp/never.png", "--scale", "64"}, "smaller --scale"}));

}  // namespace
}  // namespace welt::test
