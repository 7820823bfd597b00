// The same word gives the same pixels in every thread and component, whatever was drawn before it.
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "core/base/file.h"
#include "core/text/bytes.h"
#include "drawing.h"

namespace welt::test {
namespace {

TEST(BitmapDeterminism, ThreadsAndOrdersGiveTheSamePixels) {
  const std::vector<std::string> all = {"",       "Hello ", "Việt",    "בַּבֹּקֶר", "बारिश",  "น้ำท่วม", "昨天",
                                        "カメラ", "\x02",   "e\u0301", "🎉 ",   "\uE000", "—",     "a\u20DD"};
  std::vector<GreyImage> expected;
  for (const std::string& word : all) expected.push_back(draw()(word));
  const Drawing other;
  std::atomic<int> different = 0;
  std::vector<std::jthread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 500; ++i) {
        const std::size_t word = random() % all.size();
        if (!same(other(all[word]), expected[word])) ++different;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(different, 0);
  EXPECT_EQ(other.renderer.fingerprint(), draw().renderer.fingerprint());
}

// Recorded with Debian's unifont 1:15.0.01-2: another machine, compiler or build gives these pixels too.
TEST(BitmapDeterminism, PixelsAreTheRecordedOnes) {
  if (draw().renderer.fingerprint() !=
      "bitmap/1 (57086 glyphs, 1312 marks) 7d6dbadf0183f5652fd439399acf5d3cf8d44d4c7074db249c853b2d89f85f93") {
    // Continuous integration has that version (scripts/setup.sh).
    ASSERT_EQ(std::getenv("CI"), nullptr) << draw().renderer.fingerprint();
    GTEST_SKIP() << "another version of GNU Unifont: " << draw().renderer.fingerprint();
  }
  const GreyImage image = draw()("Hello, Wörld e\u0301 שָׁ 中\x01🎉");
  EXPECT_EQ(image.width, 208);
  EXPECT_EQ(sha256(as_text(image.pixels)), "8f0ae853f945918b5aaae689c74618ff262f1f488b06f8fd7244cddca3e31af8");
}

}  // namespace
}  // namespace welt::test
