// Ink boxes and darkness of small images.
#include "core/text/ink.h"

#include <gtest/gtest.h>

namespace welt::test {
namespace {

GreyImage white(std::int64_t height, std::int64_t width) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), 255)};
}

TEST(Ink, AWhiteImageHasNone) {
  EXPECT_EQ(ink_box(white(3, 4)), std::nullopt);
  EXPECT_EQ(mean_darkness(white(3, 4)), 0);
  EXPECT_EQ(ink_box(GreyImage{}), std::nullopt);
  EXPECT_EQ(mean_darkness(GreyImage{}), 0);
}

TEST(Ink, BoxIsAroundEveryPixelThatIsNotWhite) {
  GreyImage image = white(5, 7);
  image.pixels[1 * 7 + 4] = 254;
  EXPECT_EQ(ink_box(image), (InkBox{4, 1, 5, 2}));
  image.pixels[3 * 7 + 2] = 0;
  EXPECT_EQ(ink_box(image), (InkBox{2, 1, 5, 4}));
  image.pixels.front() = image.pixels.back() = 9;
  EXPECT_EQ(ink_box(image), (InkBox{0, 0, 7, 5}));
}

TEST(Ink, DarknessIsTheMeanOfAllPixels) {
  GreyImage image = white(2, 2);
  image.pixels = {0, 255, 255, 204};
  EXPECT_DOUBLE_EQ(mean_darkness(image), (255 + 51) / (4 * 255.0));
}

}  // namespace
}  // namespace welt::test
