// What a word's image is: sizes, control pictures, lines, directions, fallback, boxes, cutting, hostile text.
#include <chrono>

#include "drawing.h"

namespace welt::test {
namespace {

std::string utf8(char32_t character) {
  std::string text;
  text += static_cast<char>(0xE0 | (character >> 12));
  text += static_cast<char>(0x80 | ((character >> 6) & 0x3F));
  text += static_cast<char>(0x80 | (character & 0x3F));
  return text;
}

std::string repeated(std::string_view piece, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(FreetypeDrawing, EmptyWordIsOneWhiteBlock) {
  for (const int block : {1, 16, 32, 48}) {
    const Drawing draw(json{{"block", block}});
    const GreyImage image = draw("");
    EXPECT_EQ(image.height, block);
    EXPECT_EQ(image.width, (10 + block - 1) / block * block);
    EXPECT_EQ(darkness(image), 0);
  }
}

TEST(FreetypeDrawing, SpacesAreWhiteAndWide) {
  EXPECT_EQ(darkness(draw()("   ")), 0);
  EXPECT_EQ(draw()("   ").width, 32);
  EXPECT_GT(draw()(repeated(" ", 40)).width, 96);
}

TEST(FreetypeDrawing, LongerWordsAreWider) {
  std::int64_t before = 0;
  for (int letters = 1; letters <= 100; ++letters) {
    const GreyImage image = draw()(repeated("abcdefghij", 10).substr(0, static_cast<std::size_t>(letters)));
    EXPECT_EQ(image.height, 16);
    EXPECT_EQ(image.width % 16, 0);
    EXPECT_GE(image.width, before);
    EXPECT_GT(darkness(image), 0);
    before = image.width;
  }
  EXPECT_GT(before, 500);
  EXPECT_LT(before, 700);
}

TEST(FreetypeDrawing, ControlCharactersAreTheirPictures) {
  std::vector<GreyImage> seen;
  for (unsigned control = 0; control <= 0x20; ++control) {
    const bool is_delete = control == 0x20;
    const std::string byte(1, is_delete ? '\x7F' : static_cast<char>(control));
    const GreyImage image = draw()(byte);
    EXPECT_TRUE(same(image, draw()(utf8(is_delete ? 0x2421 : 0x2400 + control)))) << control;
    EXPECT_GT(darkness(image), 0) << control;
    for (const GreyImage& other : seen) EXPECT_FALSE(same(image, other)) << control;
    seen.push_back(image);
  }
  EXPECT_TRUE(same(draw()("a\tb\nc"), draw()("a␉b␊c")));
}

TEST(FreetypeDrawing, FirstFontOfAClusterHasAllOfIt) {
  // The accent U+0951 is in the Bengali font too, which comes before the Devanagari one.
  const Drawing devanagari(json{{"fonts", {noto("NotoSansDevanagari-Regular.ttf").string()}}});
  EXPECT_TRUE(same(draw()("क॑"), devanagari("क॑")));
  // Without a letter it is drawn with the first font that has it.
  const Drawing bengali(json{{"fonts", {noto("NotoSansBengali-Regular.ttf").string()}}});
  EXPECT_TRUE(same(draw()("॑"), bengali("॑")));
  // The danda is a cluster of its own.
  EXPECT_TRUE(same(draw()("।"), bengali("।")));
}

TEST(FreetypeDrawing, OrderPutsFontsFirst) {
  const Drawing japanese_first(json{{"order", {"NotoSansCJK"}}});
  EXPECT_FALSE(same(japanese_first("1"), draw()("1")));
  EXPECT_TRUE(same(japanese_first("中"), draw()("中")));
  EXPECT_NE(japanese_first.renderer.fingerprint(), draw().renderer.fingerprint());
}

TEST(FreetypeDrawing, RightToLeftTextRunsRightToLeft) {
  // Two letters in different order are different pictures, and an override mirrors Latin letters' order.
  EXPECT_TRUE(same(draw()("\u202Eabc\u202C"), draw()("cba")));
  const auto first = ink_box(draw()("א\u00A0\u00A0\u00A0\u00A0"));
  ASSERT_TRUE(first);
  EXPECT_GT((*first)[0], 12);  // the letter stands right of the spaces that follow it
}

TEST(FreetypeDrawing, CharactersWithoutAFontAreBoxesThatDiffer) {
  const Drawing without_emoji(json{{"reference_compatible", true}});
  const GreyImage party = without_emoji("🎉"), rocket = without_emoji("🚀");
  EXPECT_GT(darkness(party), 0.05);
  EXPECT_EQ(party.width, rocket.width);
  EXPECT_FALSE(same(party, rocket));
  for (const int size : {4, 8, 11, 12, 40, 100}) {
    const Drawing draw(json{{"font_px", size}, {"block", 128}, {"reference_compatible", true}});
    const auto small = ink_box(draw("\uE000")), large = ink_box(draw("🎉"));
    ASSERT_TRUE(small && large) << size;
    EXPECT_LT((*small)[2], (*large)[2]) << size;  // four digits, six digits
    EXPECT_EQ((*small)[3], (*large)[3]) << size;
  }
}

TEST(FreetypeDrawing, WideWordsAreCutToTheirBeginning) {
  const Drawing cut(json{{"max_width", 70}});  // 64: a multiple of the block
  for (const std::string word : {"Donaudampfschifffahrt", "שלום לכולם וברוכים הבאים"}) {
    const GreyImage whole = draw()(word), part = cut(word);
    ASSERT_EQ(part.width, 64);
    const bool from_right = word[0] != 'D';
    const auto box = ink_box(whole);
    // Left: column for column; right: text ends five pixels before the edge in the part, anywhere in the whole.
    const std::int64_t shift = from_right ? (*box)[2] - (*ink_box(part))[2] : 0;
    EXPECT_EQ(shift > 0, from_right);
    for (std::int64_t y = 0; y < 16; ++y) {
      for (std::int64_t x = 0; x < 59; ++x) {
        ASSERT_EQ(part.pixels[y * 64 + x], whole.pixels[y * whole.width + x + shift]) << word << " " << x << "," << y;
      }
    }
  }
  EXPECT_EQ(draw()(repeated("W", 10000)).width, 32768);  // the default; the text is over 100,000 pixels wide
}

TEST(FreetypeDrawing, HostileTextIsDrawnOrRefused) {
  EXPECT_EQ(draw()("a" + repeated("\u0301", 1000)).width, 32);
  EXPECT_EQ(darkness(draw()(repeated("\u202E", 500) + repeated("\u2066", 500))), 0);
  EXPECT_GT(darkness(draw()(repeated("\u202Ea\u2067ב", 300))), 0);
  EXPECT_EQ(draw()(repeated("\u2029", 1000)).width, 16);
  EXPECT_GE(draw()(repeated("☃️🇮", 200)).width, 1000);
  const std::string long_word(1 << 20, '.');
  EXPECT_EQ(draw()(long_word).width, 32768);
  expect_all_in(error_of([&] { draw()(long_word + "."); }), {"1048577 bytes", "at most 1048576", "max_bytes"});
}

// Once quadratic: half a million marks on one letter, or one Khmer syllable of that length, took minutes.
TEST(FreetypeDrawing, LongestWordsAreDrawnInTime) {
  for (const char* piece : {"\u0301", "\u064E", "\u17D2\u1780", "\u200D\u0301"}) {
    const auto start = std::chrono::steady_clock::now();
    draw()(repeated(piece, 80000));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << piece;
  }
}

// The host checks UTF-8 before it asks the plugin; another host may not.
TEST(FreetypeDrawing, PluginItselfRefusesWhatIsNotUtf8) {
  const auto& table = draw().component.require<welt_renderer_v1>(WELT_RENDERER_INTERFACE);
  welt_renderer_state* state = nullptr;
  ASSERT_EQ(table.make_state(draw().component.raw(), &state, nullptr), WELT_OK);
  std::int64_t height = -1, width = -1;
  const auto measure = [&](std::string_view word) {
    CallError error;
    error.check(table.measure(draw().component.raw(), state, {word.data(), word.size()}, &height, &width, error.raw()),
                "measuring");
  };
  for (const auto& [word, byte] :
       std::vector<std::pair<std::string, std::string>>{{"ab\xFF", "byte 2 (FF)"},
                                                        {"\xC3", "byte 0 (C3)"},
                                                        {"a\xED\xA0\x80", "byte 1 (ED)"},
                                                        {"abc\xF4\x90\x80\x80", "byte 3 (F4)"},
                                                        {"\xC0\xAF", "byte 0 (C0)"}}) {
    expect_all_in(error_of([&] { measure(word); }), {byte, "UTF-8"});
    EXPECT_EQ(height, -1);
  }
  measure("ab");  // the state is as good as before
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
  table.release_state(draw().component.raw(), nullptr);
}

}  // namespace
}  // namespace welt::test
