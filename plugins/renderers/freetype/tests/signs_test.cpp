// Signs of SignWriting in two dimensions, against the Python renderer: tests/goldens/text/signs.jsonl, made by
// make_signs.py; and what is no sign.
#include <welt/common/sha256.h>
#include "drawing.h"

namespace welt::test {
namespace {

std::string sha256_of(const GreyImage& image) {
  Sha256 hash;
  hash.add({reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()});
  return hash.finish();
}

const char* const sign = "𝠃𝤘𝤣񁲡𝣳𝣩񈩧𝤉𝣻";  // two symbols
const char* const sorted = "𝠀񁲡𝠃𝤘𝤣񁲡𝣳𝣩";    // with a sort prefix
const char* const partial = "𝠃𝤘𝤣񁲡𝣳";               // a coordinate is missing
const char* const empty_sign = "𝠃𝤆𝤆";                    // a box without symbols

TEST(FreetypeSignsParity, EverySignIsTheReferencesPixelForPixel) {
  int signs = 0;
  for (const std::size_t size : {0, 1}) {
    const Drawing draw(
        json{{"block", size == 0 ? 16 : 32}, {"font_px", size == 0 ? 12 : 40}});  // the latter is ignored
    std::ifstream file(std::string(WELT_TEST_DATA) + "/text/signs.jsonl");
    for (std::string line; std::getline(file, line); ++signs) {
      const json row = json::parse(line), golden = row["renders"][size];
      const GreyImage image = draw(row["text"].get<std::string>());
      EXPECT_EQ(image.width, golden["width"]) << row["text"];
      EXPECT_EQ(image.height, golden["height"]) << row["text"];
      EXPECT_NEAR(darkness(image), golden["darkness"].get<double>(), 1e-6) << row["text"];
      const auto ink = ink_box(image);
      EXPECT_EQ(ink ? json(*ink) : json(), golden["ink"]) << row["text"];
      EXPECT_EQ(sha256_of(image), golden["sha256"]) << row["text"];
    }
  }
  EXPECT_EQ(signs, 200);
}

TEST(FreetypeSigns, OneWithoutSymbolsIsWhite) {
  const GreyImage image = draw()(empty_sign);
  EXPECT_EQ(image.width, 16);
  EXPECT_EQ(image.height, 16);
  EXPECT_EQ(darkness(image), 0);
}

TEST(FreetypeSigns, SpaceAfterOneAndSortPrefixesAreNotDrawn) {
  const std::string one = std::string(sorted).substr(8);
  EXPECT_TRUE(same(draw()(sorted), draw()(one)));
  for (const char* space : {" ", "\n", "\t \r\n", "\u3000", "\u2029", "\x1F"}) {
    EXPECT_TRUE(same(draw()(sign + std::string(space)), draw()(sign))) << space;
  }
}

TEST(FreetypeSigns, WhatIsNotOneWholeSignIsARowOfSymbols) {
  const std::string one = sign;
  for (const std::string& text : {one + one, one + "a", " " + one, one + " a", std::string(partial), one + "\x02",
                                  std::string("𝠀") + one, std::string("𝠃"), std::string("𝠀")}) {
    EXPECT_EQ(draw()(text).height, 16) << text;
  }
}

TEST(FreetypeSigns, LaterFillingsHideEarlierLines) {
  // A head (a circle without a filling) and a fist (a square, white inside) on its edge.
  const GreyImage fist_last = draw()("𝠃𝤆𝤆\U0004BFA1𝤆𝤆\U00040001𝤆𝤆");
  const GreyImage head_last = draw()("𝠃𝤆𝤆\U00040001𝤆𝤆\U0004BFA1𝤆𝤆");
  ASSERT_EQ(fist_last.width, head_last.width);
  EXPECT_LT(darkness(fist_last), darkness(head_last));  // the fist's white hides a part of the head's line
}

TEST(FreetypeSigns, SymbolsWithoutAGlyphAreCountedBoxesInTheReferencesRoom) {
  const Drawing draw;
  testing::internal::CaptureStderr();
  const GreyImage image = draw("𝠃𝤆𝤆\U0004FFFE𝤆𝤆");
  expect_all_in(testing::internal::GetCapturedStderr(), {"U+4FFFE"});
  EXPECT_EQ(image.width, 48);  // 30 + 10
  EXPECT_EQ(image.height, 16);
  EXPECT_GT(darkness(image), 0);
}

TEST(FreetypeSigns, WideOnesAreCutAtMaxWidthAndFarApartOnesAreDrawn) {
  const std::string far = "𝠃𝤆𝤆񋲡\U0001D80C\U0001D80C񀀁\U0001DFFF\U0001DFFF";
  const GreyImage whole = draw()(far);
  EXPECT_GT(whole.width, 2043);
  EXPECT_GT(whole.height, 2043);
  const GreyImage cut = Drawing(json{{"max_width", 64}})(far);
  ASSERT_EQ(cut.width, 64);
  ASSERT_EQ(cut.height, whole.height);
  for (std::int64_t y = 0; y < cut.height; ++y) {
    for (std::int64_t x = 0; x < 64; ++x) ASSERT_EQ(cut.pixels[y * 64 + x], whole.pixels[y * whole.width + x]);
  }
}

TEST(FreetypeSigns, WithoutTheirFontsTheyAreTextAndTheLogSaysWhatToDo) {
  const Drawing named(json{{"fonts", {noto("NotoSansSignWriting-Regular.ttf").string()}}});
  EXPECT_EQ(named(sign).height, 16);
  const TempFolder folder;
  expect_all_in(error_of([&] {
                  Drawing(json{{"sign_fonts", folder.path().string()}});
                }),
                {"SuttonSignWritingLine.ttf", "SuttonSignWritingFill.ttf", folder.path().string(), "scripts/setup.sh"});
}

TEST(FreetypeSigns, LongestOneIsDrawnInTime) {
  std::string word = "𝠃𝤆𝤆";
  while (word.size() + 12 <= std::size_t{1} << 20) word += "񋲡𝤆𝤆";
  EXPECT_EQ(draw()(word).height, draw()("𝠃𝤆𝤆񋲡𝤆𝤆").height);
}

}  // namespace
}  // namespace welt::test
