// Near duplicates among texts that have much in common.
#include "core/prepare/dedup.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace welt {
namespace {

TEST(NearIndex, TextsBehindAFrameThatAThousandShareAreFound) {
  std::mt19937 random(1);
  NearIndex index;
  std::vector<Sketch> sketches(1400);
  for (Sketch& sketch : sketches) {
    for (std::uint16_t& value : sketch) value = static_cast<std::uint16_t>(random());
    for (std::size_t i = 0; i < 8; ++i) sketch[i] = 7;  // two bands of a frame
    ASSERT_TRUE(index.add(sketch));
  }
  for (std::size_t i = 1100; i < sketches.size(); ++i) {  // no longer in the bands of the frame
    Sketch near = sketches[i];
    for (std::size_t k = 60; k < 64; ++k) near[k] = static_cast<std::uint16_t>(near[k] + 1);
    EXPECT_FALSE(index.add(near)) << i;
  }
}

}  // namespace
}  // namespace welt
