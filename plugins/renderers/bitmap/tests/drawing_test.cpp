// What a word's image is: cells, marks, control pictures, boxes, sizes, cutting, hostile text.
#include <chrono>
#include <fstream>

#include "core/base/utf8.h"
#include "drawing.h"

namespace welt::test {
namespace {

// a: a frame 8 pixels wide, b: its left and right edge 16 wide, U+0301: a stroke in the third column.
const SmallFont& font() {
  static const SmallFont small("61:FF818181818181818181818181" + std::string("8181FF") + "\n" + glyph("62", "8001") +
                                   glyph("0301", "20") + glyph("05B0", "40") + glyph("20DD", "C003") +
                                   glyph("0F72", "10"),
                               "0301:-8\n05B0:0\n20DD:-12\n0F72:-16\n");
  return small;
}

std::string middle(const std::string& word, json more = json::object()) {
  const GreyImage image = Drawing(font().config(std::move(more)))(word);
  return row_of(image, image.height / 2);
}

TEST(BitmapDrawing, GlyphsStandSideBySideFivePixelsFromTheLeft) {
  EXPECT_EQ(middle("a"), ".....#......#...................");
  EXPECT_EQ(middle("ab"), ".....#......##..............#...................");
  const GreyImage image = Drawing(font().config())("a");
  EXPECT_EQ(row_of(image, 0).substr(0, 16), ".....########...");
  EXPECT_EQ(row_of(image, 15).substr(0, 16), ".....########...");
}

TEST(BitmapDrawing, WidthIsThatOfTheCellsAndTenPixelsInWholeBlocks) {
  const Drawing draw(font().config());
  for (int letters = 0; letters < 40; ++letters) {
    const GreyImage image = draw(repeated("a", letters));
    EXPECT_EQ(image.height, 16);
    EXPECT_EQ(image.width, (8 * letters + 10 + 15) / 16 * 16);
  }
  EXPECT_TRUE(is_white(draw("")));
}

TEST(BitmapDrawing, DotsGrowWithTheBlockAndAreCentred) {
  const GreyImage image = Drawing(font().config({{"block", 40}}))("a");
  EXPECT_EQ(image.height, 40);
  EXPECT_EQ(image.width, 40);
  EXPECT_EQ(row_of(image, 3), std::string(40, '.'));
  const std::string edge = ".....################...................";
  EXPECT_EQ(row_of(image, 4), edge);
  EXPECT_EQ(row_of(image, 5), edge);
  EXPECT_EQ(row_of(image, 6), ".....##............##...................");
  EXPECT_EQ(row_of(image, 35), edge);
  EXPECT_EQ(row_of(image, 36), std::string(40, '.'));
}

TEST(BitmapDrawing, MarksAreDrawnOverTheCellBefore) {
  EXPECT_EQ(middle("a\u0301").substr(0, 16), ".....#.#....#...");
  EXPECT_EQ(middle("a\u0301a").substr(0, 24), ".....#.#....##......#...");  // and move nothing on
  EXPECT_EQ(middle("b\u0301").substr(0, 24), ".....#.........#....#...");   // from the end of the cell
  EXPECT_EQ(middle("b\u05B0").substr(0, 24),
            "....."
            "##.............#...");                                        // no shift: from its beginning
  EXPECT_EQ(middle("a\u20DD").substr(0, 24), ".##..#......#..##.......");  // wider than the cell: around it
  EXPECT_EQ(middle("a" + repeated("\u0301", 1000)), middle("a\u0301"));
}

TEST(BitmapDrawing, NarrowMarksStayWithinTheirCell) {
  EXPECT_EQ(middle("a\u0F72").substr(0, 16), ".....#..#...#...");  // listed 16 pixels back, the cell has 8
  EXPECT_EQ(middle("b\u0F72").substr(0, 24), ".....#..#...........#...");
}

TEST(BitmapDrawing, MarkWithoutACellBeforeIsACell) {
  EXPECT_EQ(middle("\u0301"), ".......#" + std::string(24, '.'));
  EXPECT_EQ(middle("\u0301\u05B0a").substr(0, 24), "......##.....#......#...");
}

TEST(BitmapDrawing, WithoutAListEveryCharacterIsACell) {
  json config = font().config();
  config["marks"] = json::array();
  const GreyImage image = Drawing(config)("a\u0301");
  EXPECT_EQ(row_of(image, 8).substr(0, 24), ".....#......#..#........");
}

TEST(BitmapDrawing, TextRunsFromLeftToRightInItsOwnOrder) {
  const GreyImage both = draw()("אב"), first = draw()("א");
  for (int y = 0; y < 16; ++y) EXPECT_EQ(row_of(both, y).substr(0, 13), row_of(first, y).substr(0, 13));
}

TEST(BitmapDrawing, ControlCharactersAreTheirPictures) {
  for (char32_t control = 0; control <= 0x20; ++control) {
    const bool is_delete = control == 0x20;
    std::string picture;
    append_utf8(picture, is_delete ? 0x2421 : 0x2400 + control);
    const GreyImage image = draw()(std::string(1, is_delete ? '\x7F' : static_cast<char>(control)));
    EXPECT_TRUE(same(image, draw()(picture))) << int(control);
    EXPECT_FALSE(is_white(image)) << int(control);
  }
}

TEST(BitmapDrawing, MissingCharactersAreBoxesWithTheirNumber) {
  const Drawing draw(font().config());
  const GreyImage image = draw("\uE4B0");
  EXPECT_EQ(row_of(image, 0).substr(5, 16), "###############.");
  EXPECT_EQ(row_of(image, 1).substr(5, 16), "#.............#.");
  EXPECT_EQ(row_of(image, 2).substr(5, 16), "#...###.#.#...#.");  // E4
  EXPECT_EQ(row_of(image, 6).substr(5, 16), "#...###...#...#.");
  EXPECT_EQ(row_of(image, 9).substr(5, 16), "#...#...###...#.");  // b0
  EXPECT_EQ(row_of(image, 13).substr(5, 16), "#...###.###...#.");
  EXPECT_EQ(row_of(image, 15).substr(5, 16), "###############.");
  const GreyImage party = draw("🎉");  // 01F389
  EXPECT_EQ(party.width, image.width);
  EXPECT_EQ(row_of(party, 2).substr(5, 16), "#.###..#..###.#.");
  EXPECT_FALSE(same(party, draw("🚀")));
}

TEST(BitmapDrawing, BoxesAreCountedInTheLog) {
  const Drawing draw(font().config());
  testing::internal::CaptureStderr();
  draw(repeated("中", 12));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_CONTAINS(log, "U+4E2D");
  EXPECT_CONTAINS(log, "boxes so far: 1\n");
  EXPECT_CONTAINS(log, "boxes so far: 10\n");
  EXPECT_EQ(log.find("so far: 2"), std::string::npos);
}

TEST(BitmapDrawing, WideWordsAreCutToTheirBeginning) {
  const Drawing cut(json{{"max_width", 70}});  // 64: a multiple of the block
  for (const std::string word : {"Donaudampfschifffahrt", "שלום לכולם", "中文中文中文", "aaaaaaaa\u0301\u20DD\u20DD"}) {
    const GreyImage whole = draw()(word), part = cut(word);
    ASSERT_EQ(part.width, 64) << word;
    for (int y = 0; y < 16; ++y) EXPECT_EQ(row_of(part, y), row_of(whole, y).substr(0, 64)) << word;
  }
  EXPECT_EQ(draw()(repeated("W", 10000)).width, 32768);
}

TEST(BitmapDrawing, LongestWordsAreDrawnInTime) {
  for (const char* piece : {"a", "\u0301", "\u200D\u0301", "🎉"}) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_LE(draw()(repeated(piece, 250000)).width, 32768);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << piece;
  }
}

// The host checks UTF-8 before it asks the plugin; another host may not.
TEST(BitmapDrawing, PluginItselfRefusesWhatIsNotUtf8) {
  const auto& table = draw().component.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE);
  welt_renderer_state* state = nullptr;
  ASSERT_EQ(table.make_state(draw().component.raw(), &state, nullptr), WELT_OK);
  std::int64_t height = -1, width = -1;
  const auto measure = [&](std::string_view word) {
    CallError error;
    error.check(table.measure(draw().component.raw(), state, {word.data(), word.size()}, &height, &width, error.raw()),
                "measuring");
  };
  EXPECT_CONTAINS(error_of([&] { measure("ab\xFF"); }), "byte 2 (FF)");
  EXPECT_CONTAINS(error_of([&] { measure("\xC3"); }), "byte 0 (C3)");
  EXPECT_CONTAINS(error_of([&] { measure("a\xED\xA0\x80"); }), "byte 1 (ED)");
  EXPECT_EQ(height, -1);
  EXPECT_EQ(width, -1);
  measure("ab");
  EXPECT_EQ(height, 16);
  std::vector<std::uint8_t> pixels(16 * 32, 7);
  CallError error;
  const auto render = [&](std::int64_t h, std::int64_t w, std::int64_t stride) {
    return table.render(draw().component.raw(), state, {"ab", 2}, pixels.data(), h, w, stride, error.raw());
  };
  EXPECT_EQ(render(16, 48, 48), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(render(16, 32, 31), WELT_INVALID_ARGUMENT);
  EXPECT_EQ(std::ranges::count(pixels, 7), 16 * 32);
  EXPECT_EQ(render(16, 32, 32), WELT_OK);
  EXPECT_EQ(std::ranges::count(pixels, 7), 0);
  table.release_state(draw().component.raw(), state);
}

// The file read once more, the plain way: every glyph of GNU Unifont is drawn as its line says.
TEST(BitmapParity, EveryGlyphIsThatOfUnifont) {
  const Drawing draw(json{{"marks", json::array()}});
  std::ifstream file("/usr/share/unifont/unifont.hex");
  int glyphs = 0;
  for (std::string line; std::getline(file, line); ++glyphs) {
    const auto character = static_cast<char32_t>(std::stoul(line.substr(0, 4), nullptr, 16));
    if (character < 0x20 || character == 0x7F) continue;  // drawn as other characters
    std::string word;
    append_utf8(word, character);
    const GreyImage image = draw(word);
    const std::size_t digits = (line.size() - 5) / 16;
    for (std::size_t y = 0; y < 16; ++y) {
      std::string expected(5, '.');
      for (const char digit : line.substr(5 + y * digits, digits)) {
        const unsigned long bits = std::stoul(std::string(1, digit), nullptr, 16);
        for (int bit = 3; bit >= 0; --bit) expected += (bits >> bit & 1) != 0 ? '#' : '.';
      }
      expected.resize(static_cast<std::size_t>(image.width), '.');
      ASSERT_EQ(row_of(image, static_cast<std::int64_t>(y)), expected) << line.substr(0, 4);
    }
  }
  EXPECT_GT(glyphs, 50000);
}

}  // namespace
}  // namespace welt::test
