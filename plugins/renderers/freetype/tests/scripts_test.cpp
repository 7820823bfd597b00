// Every script of the manifest has its letters; text without width; the same pixels in every process.
#include "drawing.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

// Two letters each, most in their script's alphabetical order.
const std::vector<std::string>& words_of_further_scripts() {
  static const std::vector<std::string> words = {
      "\U0001E900\U0001E922", "\u1B05\u1B13",         "\uA6A0\uA6A1",         "\U00016AD0\U00016AD1",
      "\u1BC0\u1BC1",         "\u1A00\u1A01",         "\u1401\u1402",         "\U00011103\U00011104",
      "\uAA00\uAA06",         "\u2C80\u2C81",         "\U00012000\U00012001", "\U00010400\U00010428",
      "\U0001BC00\U0001BC01", "\U00013000\U00013001", "\u2C00\u2C30",         "\U00010330\U00010331",
      "\U00011305\U00011306", "\U00010D00\U00010D01", "\uA984\uA98F",         "\uA90A\uA90B",
      "\u1C00\u1C01",         "\u1901\u1902",         "\U00010600\U00010601", "\uA4D0\uA4D1",
      "\u0840\u0841",         "\uABC0\uABC1",         "\U00016F00\U00016F01", "\U00011600\U00011601",
      "\u1980\u1981",         "\U00011400\U00011401", "\U0001B170\U0001B171", "\u1681\u1682",
      "\u1C5A\u1C5B",         "\U00010C80\U00010CC0", "\U00010300\U00010301", "\U000103A0\U000103A1",
      "\U00010C00\U00010C01", "\U000104B0\U000104D8", "\U00010480\U00010481", "\uA840\uA841",
      "\U00010900\U00010901", "\uA930\uA931",         "\u16A0\u16A1",         "\u0800\u0801",
      "\uA882\uA883",         "\U00010450\U00010451", "\u1B83\u1B84",         "\uA800\uA801",
      "\u1700\u1701",         "\u1950\u1951",         "\u1A20\u1A21",         "\uAA80\uAA82",
      "\U00010380\U00010381", "\uA500\uA501",         "\U0001E2C0\U0001E2C1", "\uA000\uA001",
      "\U00017000\U00017001", "\U00010E80\U00010E81"};
  return words;
}

TEST(FreetypeScripts, FurtherScriptsHaveNoBoxesByDefaultAndOnlyBoxesWithoutTheirFonts) {
  const Drawing all, reference(json{{"reference_compatible", true}});
  testing::internal::CaptureStderr();
  for (const std::string& word : words_of_further_scripts()) EXPECT_GT(darkness(all(word)), 0) << word;
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  for (const std::string& word : words_of_further_scripts()) EXPECT_FALSE(same(all(word), reference(word))) << word;
}

TEST(FreetypeScripts, TextWithoutWidthIsWhite) {
  for (const char* word : {"\u200B", "\u200C\u200D", "\u2060\uFEFF", "\u00AD", "\u200E\u200F", "\u202A\u202C",
                           "\u2066\u2069", "\U000E0001\U000E0061", "\u180E"}) {
    const GreyImage image = draw()(word);
    EXPECT_EQ(image.width, 16) << word;
    EXPECT_EQ(image.height, 16) << word;
    EXPECT_EQ(darkness(image), 0) << word;
  }
}

TEST(FreetypeScripts, EveryProcessDrawsTheSamePixels) {
  std::vector<std::string> forth = {"render", "--json",       "--",
                                    "Hello",  "שלום",         "नमस्ते",
                                    "中文",   "😀👍🏽", "𝠃𝤘𝤣񁲡𝣳𝣩񈩧𝤉𝣻"};
  std::vector<std::string> back(forth.begin(), forth.begin() + 3);
  back.insert(back.end(), forth.rbegin(), forth.rend() - 3);
  const auto lines_of = [](const std::vector<std::string>& arguments) {
    const auto run = run_welt(arguments);
    EXPECT_EQ(run.status, 0) << run.err;
    std::vector<std::string> lines;
    std::istringstream text(run.out);
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
  };
  const auto first = lines_of(forth);
  EXPECT_EQ(first.size(), 6u);
  EXPECT_EQ(first, lines_of(back));
}

}  // namespace
}  // namespace welt::test
