#include "core/tensor/block_arena.h"

#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>
#include <random>

namespace welt {
namespace {

TEST(BlockArena, TakesTheSmallestBlockThatSuffices) {
  BlockArena arena(1000);
  const auto large = arena.take(300), between = arena.take(100), small = arena.take(100), last = arena.take(100);
  ASSERT_TRUE(large && between && small && last);
  arena.give_back(*large);
  arena.give_back(*small);
  EXPECT_EQ(arena.take(90), small);
  EXPECT_EQ(arena.take(200), large);
}

TEST(BlockArena, IsFullWhereNoBlockIsAsLarge) {
  BlockArena arena(100);
  EXPECT_FALSE(arena.take(101));
  EXPECT_EQ(arena.take(100), 0);
  EXPECT_FALSE(arena.take(1));
  EXPECT_FALSE(BlockArena(0).take(1));
}

TEST(BlockArena, NeighboursThatComeBackAreOneBlockAgain) {
  for (const auto& order : {std::array{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
    BlockArena arena(300);
    std::array<std::size_t, 3> begin{};
    for (std::size_t& one : begin) one = arena.take(100).value();
    for (const int i : order) arena.give_back(begin[static_cast<std::size_t>(i)]);
    EXPECT_EQ(arena.free_blocks(), 1);
    EXPECT_EQ(arena.take(300), 0);
  }
}

TEST(BlockArena, BlocksNeverOverlapAndAllOfItComesBack) {
  constexpr std::size_t capacity = 1 << 16;
  BlockArena arena(capacity);
  std::mt19937 random(5);
  std::map<std::size_t, std::size_t> held;  // begin → size
  for (int i = 0; i < 20'000; ++i) {
    if (random() % 2 == 0 || held.empty()) {
      const std::size_t size = 1 + random() % 3000;
      const auto begin = arena.take(size);
      if (!begin) continue;
      ASSERT_LE(*begin + size, capacity);
      const auto next = held.lower_bound(*begin);
      if (next != held.end()) {
        ASSERT_LE(*begin + size, next->first);
      }
      if (next != held.begin()) {
        ASSERT_LE(std::prev(next)->first + std::prev(next)->second, *begin);
      }
      held.emplace(*begin, size);
    } else {
      auto one = held.begin();
      std::advance(one, random() % held.size());
      arena.give_back(one->first);
      held.erase(one);
    }
  }
  for (const auto& [begin, size] : held) arena.give_back(begin);
  EXPECT_EQ(arena.free_blocks(), 1);
  EXPECT_EQ(arena.take(capacity), 0);
}

}  // namespace
}  // namespace welt
