// The glyphs that the plugin lists: fonts by name, ligatures, characters without a font, origins, the same in all
// states.
#include "drawing.h"

namespace welt::test {
namespace {

TEST(FreetypeGlyphs, NameTheFontsOfAWord) {
  const std::vector<welt_renderer_glyph> glyphs = draw().renderer.glyphs("aא").value();
  ASSERT_EQ(glyphs.size(), 2u);
  EXPECT_EQ(draw().renderer.font_name(glyphs[0].font), "NotoSans-Regular.ttf#0");
  EXPECT_EQ(draw().renderer.font_name(glyphs[1].font), "NotoSansHebrew-Regular.ttf#0");
  EXPECT_EQ(draw().renderer.font_name(100000), "100000");
}

TEST(FreetypeGlyphs, StandWhereTheyAreDrawn) {
  const std::vector<welt_renderer_glyph> glyphs = draw().renderer.glyphs("ill").value();
  ASSERT_EQ(glyphs.size(), 3u);
  EXPECT_EQ(glyphs[0].x, 5);  // the margin
  EXPECT_LT(glyphs[0].x, glyphs[1].x);
  EXPECT_LT(glyphs[1].x, glyphs[2].x);
  EXPECT_EQ(glyphs[1].glyph, glyphs[2].glyph);
  EXPECT_EQ(glyphs[0].y, glyphs[1].y);
}

TEST(FreetypeGlyphs, OfRightToLeftTextComeInDrawingOrder) {
  const std::vector<welt_renderer_glyph> word = draw().renderer.glyphs("של").value();
  const std::vector<welt_renderer_glyph> last = draw().renderer.glyphs("ל").value();
  ASSERT_EQ(word.size(), 2u);
  EXPECT_EQ(word[0].glyph, last[0].glyph);
  EXPECT_LT(word[0].x, word[1].x);
}

TEST(FreetypeGlyphs, ConjunctsAreFewerThanCharacters) { EXPECT_LT(draw().renderer.glyphs("क्ष").value().size(), 3u); }

TEST(FreetypeGlyphs, ACharacterWithoutAFontIsItsCodePoint) {
  const std::vector<welt_renderer_glyph> glyphs =
      draw().renderer.glyphs("\xF3\xB0\x80\x80").value();  // U+F0000, private use
  ASSERT_EQ(glyphs.size(), 1u);
  EXPECT_EQ(glyphs[0].font, WELT_RENDERER_NO_FONT);
  EXPECT_EQ(glyphs[0].glyph, 0xF0000u);
}

TEST(FreetypeGlyphs, EmptyWordHasNone) { EXPECT_TRUE(draw().renderer.glyphs("").value().empty()); }

}  // namespace
}  // namespace welt::test
