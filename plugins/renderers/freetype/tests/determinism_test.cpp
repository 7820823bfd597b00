// The same word gives the same pixels in every state and thread, whatever was drawn before it.
#include <atomic>
#include <random>
#include <thread>

#include "drawing.h"

namespace welt::test {
namespace {

std::vector<std::string> words() {
  return {"",       "Hello ", "Việt",     "בַּבֹּקֶר",    "المحطّةِ", "बारिश",   "น้ำท่วม",  "昨天",    "カメラ",
          "할머니", "\x02",   "a\nb",     "abc אבג", "x−a",    "🎉 ",      "ཉི་མ་ཤར", "۱۲۳ abc", "é̂̃",
          "☃★♫",    "မိူဝ်ႈၼႆႉ",  "1\u20282", "फ़ोन",     "\uE000", "3️⃣", "AVATo",  "—",       "שלום \u202Eabc"};
}

TEST(FreetypeDeterminism, ThreadsAndOrdersGiveTheSamePixels) {
  const std::vector<std::string> all = words();
  std::vector<GreyImage> expected;
  for (const std::string& word : all) expected.push_back(draw()(word));
  const Drawing other;  // states of its own, made by four threads at once
  std::atomic<int> different = 0;
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 400; ++i) {
        const std::size_t word = random() % all.size();
        if (!same(other(all[word]), expected[word])) ++different;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(different, 0);
  EXPECT_EQ(other.renderer.fingerprint(), draw().renderer.fingerprint());
}

// With one MB of pictures, at this size about fifty: most are dropped and drawn again several times.
TEST(FreetypeDeterminism, DroppingGlyphsChangesNothing) {
  const Drawing large(json{{"font_px", 160}, {"block", 192}, {"cache_mb", 1}});
  const GreyImage before = large("昨天 Hello");
  const GreyImage many = large([] {
    std::string text;
    for (int i = 0; i < 400; ++i) text += std::string("\xE4") + char(0xB8 + i / 64) + char(0x80 + i % 64);
    return text;
  }());
  EXPECT_EQ(many.width, 32640);  // cut at the largest multiple of 192 up to 32768
  EXPECT_TRUE(same(large("昨天 Hello"), before));
  EXPECT_EQ(large.renderer.fingerprint(), Drawing(json{{"font_px", 160}, {"block", 192}}).renderer.fingerprint());
  const Drawing fresh(json{{"font_px", 160}, {"block", 192}});
  EXPECT_TRUE(same(fresh("昨天 Hello"), before));
}

TEST(FreetypeDeterminism, FingerprintChangesWithEverySetting) {
  const std::string plain = draw().renderer.fingerprint();
  for (const json& config :
       {json{{"block", 32}}, json{{"font_px", 13}}, json{{"max_width", 64}}, json{{"reference_compatible", true}},
        json{{"fonts", {noto("NotoSans-Regular.ttf").string()}}}}) {
    EXPECT_NE(Drawing(config).renderer.fingerprint(), plain) << config;
  }
  expect_all_in(plain, {"freetype", "harfbuzz", "icu"});
  expect_all_in(Drawing(json{{"reference_compatible", true}}).renderer.fingerprint(), {"32 + 2 fonts"});
}

TEST(FreetypeDeterminism, EnvironmentOfTheLibrariesIsIgnored) {
  const GreyImage before = draw()("昨天 fi");
  setenv("FREETYPE_PROPERTIES", "cff:no-stem-darkening=0", 1);
  setenv("HB_SHAPER_LIST", "fallback", 1);
  EXPECT_TRUE(same(Drawing()("昨天 fi"), before));
  unsetenv("FREETYPE_PROPERTIES");
  unsetenv("HB_SHAPER_LIST");
}

}  // namespace
}  // namespace welt::test
