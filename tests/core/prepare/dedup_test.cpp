// Near duplicates among texts that have much in common.
#include "core/prepare/dedup.h"

#include <gtest/gtest.h>

#include <random>

namespace welt {
namespace {

TEST(NearIndex, TextsBehindAFrameThatThousandsShareAreFound) {
  std::mt19937 random(1);
  NearIndex index;
  std::vector<Sketch> sketches(3000);
  for (Sketch& sketch : sketches) {
    for (std::uint16_t& value : sketch) value = static_cast<std::uint16_t>(random());
    for (std::size_t i = 0; i < 8; ++i) sketch[i] = 7;  // two bands of a frame
    ASSERT_TRUE(index.add(sketch));
  }
  for (const Sketch& sketch : sketches) {
    Sketch near = sketch;
    for (std::size_t i = 60; i < 64; ++i) near[i] = static_cast<std::uint16_t>(random());
    EXPECT_TRUE(index.contains(near));
    EXPECT_FALSE(index.add(near));
  }
}

}  // namespace
}  // namespace welt
