// Emoji as pictures: which characters are, colour bitmaps, colour layers, and fonts that are not drawn.
#include <map>

#include "core/base/file.h"
#include "drawing.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

// A font of tests/fuzz/tiny_fonts.py.
std::string tiny(const std::string& name) { return std::string(WELT_SOURCE_DIR) + "/tests/fuzz/corpus/font/" + name; }

std::uint8_t pixel(const GreyImage& image, std::int64_t x, std::int64_t y) {
  return image.pixels[static_cast<std::size_t>(y * image.width + x)];
}

// Grey values and how many pixels have them, white left out.
std::map<int, int> greys(const GreyImage& image) {
  std::map<int, int> counts;
  for (const std::uint8_t value : image.pixels) {
    if (value != 255) ++counts[value];
  }
  return counts;
}

constexpr int red = 77, blue = 29, black = 0;  // luminances

TEST(FreetypeEmoji, OnesAreOnePictureEach) {
  const std::int64_t one = draw()("😀😀😀😀").width;
  for (const char* sequence : {"👩‍👩‍👧‍👦", "🇩🇪", "👍🏽",
                               "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", "3️⃣", "❤️",
                               "©️", "☺️", "👩🏾‍🚀", "🏳️‍🌈"}) {
    const std::string four = std::string(sequence) + sequence + sequence + sequence;
    EXPECT_EQ(draw()(four).width, one) << sequence;
    EXPECT_GT(darkness(draw()(four)), 0.05) << sequence;
    EXPECT_FALSE(same(draw()(four), draw()("😀😀😀😀"))) << sequence;
  }
}

TEST(FreetypeEmoji, TextPresentationStaysText) {
  const Drawing text(json{{"reference_compatible", true}});
  for (const char* word :
       {"©", "®", "☺", "3", "#*0", "☎", "❤", "↔", "‼", "™", "a\u200Db", "⌚\uFE0E", "☺\uFE0E", "12\u20E3"}) {
    EXPECT_TRUE(same(draw()(word), text(word))) << word;
  }
  EXPECT_FALSE(same(draw()("⌚"), text("⌚")));  // an emoji by itself
  EXPECT_FALSE(same(draw()("☺️"), text("☺️")));
}

TEST(FreetypeEmoji, TextBesideThemIsWhatItIsAlone) {
  const GreyImage alone = draw()("Hello "), beside = draw()("Hello 😀");
  const auto box = ink_box(alone);
  ASSERT_TRUE(box);
  for (std::int64_t y = 0; y < 16; ++y) {
    for (std::int64_t x = 0; x < (*box)[2]; ++x) EXPECT_EQ(pixel(beside, x, y), pixel(alone, x, y)) << x << "," << y;
  }
}

TEST(FreetypeEmoji, ReferenceCompatibleHasNone) {
  const Drawing reference(json{{"reference_compatible", true}});
  testing::internal::CaptureStderr();
  reference("😀");
  expect_all_in(testing::internal::GetCapturedStderr(), {"U+1F600", "box"});
}

// Pictures of 16 pixels are what is in the file at 16 pixels, and doubled at 32.
TEST(FreetypeEmoji, BitmapsAreScaledByArea) {
  const auto at = [](int font_px) {
    return Drawing(json{{"fonts", {tiny("colour-bitmaps.ttf")}}, {"font_px", font_px}, {"block", 64}});
  };
  EXPECT_EQ(greys(at(16)("😀")), (std::map<int, int>{{red, 8 * 16}}));  // the right half is transparent
  EXPECT_EQ(greys(at(32)("😀")), (std::map<int, int>{{red, 16 * 32}}));
  EXPECT_EQ(greys(at(16)("👍")), (std::map<int, int>{{black, 128}}));        // a chequerboard
  EXPECT_EQ(greys(at(16)("🏽")), (std::map<int, int>{{127, 256}}));       // half transparent black on white
  EXPECT_EQ(greys(at(16)("👍🏽")), (std::map<int, int>{{blue, 256}}));  // a ligature
}

TEST(FreetypeEmoji, ScalingKeepsTheInk) {
  const auto ink = [](int font_px) {
    const Drawing draw(json{{"fonts", {tiny("colour-bitmaps.ttf")}}, {"font_px", font_px}, {"block", 64}});
    double sum = 0;
    for (const std::uint8_t value : draw("👍🏽").pixels) sum += 255 - value;
    return sum / (font_px * font_px);
  };
  for (const int font_px : {5, 7, 11, 12, 13, 17, 24, 31, 48}) EXPECT_NEAR(ink(font_px), 255 - blue, 5) << font_px;
}

TEST(FreetypeEmoji, LayersAreDrawnOverEachOtherInTheirColours) {
  const Drawing draw(json{{"fonts", {tiny("colour-layers.ttf")}}, {"font_px", 40}, {"block", 64}});
  // Squares of 400 and 300 thousandths of an em: 16 and 12 pixels.
  EXPECT_EQ(greys(draw("😀")), (std::map<int, int>{{red, 16 * 16 - 12 * 12}, {blue, 12 * 12}}));
  EXPECT_EQ(greys(draw("👍")), (std::map<int, int>{{red, 20 * 20 - 12 * 12}, {black, 12 * 12}}));
  EXPECT_EQ(greys(draw("🏽")),
            (std::map<int, int>{{red, 24 * 24 - 12 * 12}, {38, 12 * 12}}));  // black over red, by half
  EXPECT_EQ(greys(draw("👍🏽")), (std::map<int, int>{{red, 28 * 28 - 12 * 12}, {blue, 12 * 12}}));
  EXPECT_EQ(greys(draw("a")), (std::map<int, int>{{black, 12 * 12}}));  // has no layers
}

TEST(FreetypeEmoji, PaintGraphsAreLeftToTheNextFontOrABox) {
  testing::internal::CaptureStderr();
  const Drawing alone(json{{"fonts", {tiny("colour-graph.ttf")}}, {"block", 64}, {"font_px", 16}});
  expect_all_in(testing::internal::GetCapturedStderr(), {"colour-graph.ttf", "3 characters", "COLR version 1"});
  EXPECT_GT(darkness(alone("a")), 0);  // an outline
  testing::internal::CaptureStderr();
  alone("😀");
  expect_all_in(testing::internal::GetCapturedStderr(), {"U+1F600", "box"});
  const Drawing both(
      json{{"fonts", {tiny("colour-graph.ttf"), tiny("colour-bitmaps.ttf")}}, {"block", 64}, {"font_px", 16}});
  EXPECT_EQ(greys(both("😀")), (std::map<int, int>{{red, 8 * 16}}));
}

TEST(FreetypeEmoji, BitmapsThatCannotBeReadAreRefusedOrLeftOut) {
  const TempFolder folder;
  std::string font = read_file(tiny("colour-bitmaps.ttf"));
  for (std::size_t at = 0; (at = font.find("IHDR", at)) != font.npos; ++at) font[at] = 'X';
  const std::string broken = folder.put("NotoColorEmoji.ttf", font).string();
  expect_all_in(error_of([&] {
                  Drawing(json{{"fonts", {broken}}});
                }),
                {broken, "none of its pictures", "leave it out of \"fonts\""});
  // In the manifest's place it is left out, and emoji are boxes.
  fs::create_symlink(noto("NotoSans-Regular.ttf"), folder / "NotoSans-Regular.ttf");
  testing::internal::CaptureStderr();
  const Drawing rest(json{{"font_folders", {folder.path().string()}}});
  rest("😀");
  expect_all_in(testing::internal::GetCapturedStderr(), {"none of its pictures", "becomes a box", "U+1F600"});
}

}  // namespace
}  // namespace welt::test
