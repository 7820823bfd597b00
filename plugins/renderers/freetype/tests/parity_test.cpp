// Geometry and ink of the Python renderer (Pango and cairo): tests/goldens/text/render.jsonl, made by make_render.py.
#include <cmath>

#include "drawing.h"

namespace welt::test {
namespace {

// One image of the golden beside ours.
struct Pair {
  std::string text, script;
  json golden;
  GreyImage image;
  bool has_boxes;  // characters without a font: our box has other digits than Pango's

  std::string name() const {
    return "\"" + text + "\" (" + script + ") at " + golden["block"].dump() + "/" + golden["font_px"].dump();
  }
};

std::vector<Pair> all_pairs() {
  std::vector<Pair> pairs;
  for (const auto& [block, font_px] : {std::pair{16, 12}, {32, 12}, {32, 24}}) {
    const Drawing draw(json{{"block", block}, {"font_px", font_px}, {"reference_compatible", true}});
    std::ifstream file(std::string(WELT_TEST_DATA) + "/text/render.jsonl");
    for (std::string line; std::getline(file, line);) {
      const json row = json::parse(line);
      for (const json& golden : row["renders"]) {
        if (golden["block"] != block || golden["font_px"] != font_px) continue;
        pairs.push_back({row["text"], row["script"], golden, draw(row["text"].get<std::string>()), row["missing"] > 0});
      }
    }
  }
  EXPECT_EQ(pairs.size() % 3, 0u);
  EXPECT_GT(pairs.size(), 600u);
  return pairs;
}

// How far apart two boxes are at their worst edge; 1000 when only one of them is there.
std::int64_t distance(const json& golden, const std::optional<std::array<std::int64_t, 4>>& box) {
  if (golden.is_null() != !box.has_value()) return 1000;
  std::int64_t worst = 0;
  for (std::size_t i = 0; box && i < 4; ++i) {
    worst = std::max(worst, std::abs(golden[i].get<std::int64_t>() - (*box)[i]));
  }
  return worst;
}

TEST(FreetypeParity, HeightIsABlockAndWidthIsExact) {
  for (const Pair& pair : all_pairs()) {
    EXPECT_EQ(pair.image.height, pair.golden["block"]) << pair.name();
    EXPECT_EQ(pair.image.width, pair.golden["width"]) << pair.name();
  }
}

// Against the hinted reference, which the model's weights of old were trained on: hinting moves edges by a pixel, and
// thin strokes are darker with it, by a third at most in two texts of very few strokes.
TEST(FreetypeParity, InkIsWithinOnePixelAndDarknessWithinThirtyPercent) {
  int within = 0, all = 0;
  for (const Pair& pair : all_pairs()) {
    EXPECT_LE(distance(pair.golden["ink"], ink_box(pair.image)), 1) << pair.name();
    const double golden = pair.golden["darkness"], ours = darkness(pair.image);
    EXPECT_NEAR(ours, golden, 0.4 * golden) << pair.name();
    within += std::abs(ours - golden) <= 0.3 * golden ? 1 : 0;
    ++all;
  }
  EXPECT_GE(within, 0.99 * all) << within << " of " << all << " are within 30 %";
}

// Against the same reference with hinting switched off: the same outlines at the same places. Pango's ink of two runs
// that overlap is multiplied, ours is added, which shows in the third digit of a few texts.
TEST(FreetypeParity, UnhintedReferenceHasTheSameInk) {
  for (const Pair& pair : all_pairs()) {
    if (pair.has_boxes) continue;
    EXPECT_EQ(distance(pair.golden["unhinted_ink"], ink_box(pair.image)), 0) << pair.name();
    const double golden = pair.golden["unhinted_darkness"];
    EXPECT_NEAR(darkness(pair.image), golden, 1e-6 + 0.005 * golden) << pair.name();
  }
}

// The further fonts change only what the reference had no font for, or drew in one colour although it is an emoji.
TEST(FreetypeParity, TextThatIsNoEmojiIsTheSameWithAllFonts) {
  const Drawing reference(json{{"reference_compatible", true}});
  int same_images = 0;
  std::ifstream file(std::string(WELT_TEST_DATA) + "/text/render.jsonl");
  for (std::string line; std::getline(file, line);) {
    const json row = json::parse(line);
    const std::string text = row["text"];
    if (row["missing"] > 0 || text.find("⌚") != text.npos || text.find("\uFE0F") != text.npos) continue;
    EXPECT_TRUE(same(draw()(text), reference(text))) << text;
    ++same_images;
  }
  EXPECT_GT(same_images, 220);
}

}  // namespace
}  // namespace welt::test
