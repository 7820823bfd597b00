#include "core/data/row_order.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "core/base/philox.h"

namespace welt {
namespace {

using Key = std::tuple<std::size_t, std::size_t, std::uint64_t>;
Key key(const RowOrder::Place& place) { return {place.source, place.window, place.row}; }

TEST(RowOrder, APassHasEveryRowOnceWindowByWindow) {
  const RowOrder order({{.windows = {3, 5, 1, 4}, .per_epoch = 13}}, 7, true);
  ASSERT_EQ(order.rows(), 13U);
  std::set<std::vector<std::size_t>> window_orders;
  for (std::uint64_t epoch = 0; epoch < 8; ++epoch) {
    std::set<Key> seen;
    std::vector<std::size_t> windows;
    for (std::uint64_t i = 0; i < 13; ++i) {
      const RowOrder::Place place = order.at(epoch, i);
      EXPECT_TRUE(seen.insert(key(place)).second);
      if (windows.empty() || windows.back() != place.window) windows.push_back(place.window);
    }
    EXPECT_EQ(windows.size(), 4U) << "a window is left once all its rows are taken";
    window_orders.insert(windows);
  }
  EXPECT_GT(window_orders.size(), 3U);
}

TEST(RowOrder, AMixtureKeepsItsSharesAllAlong) {
  const RowOrder order({{.windows = {40}, .per_epoch = 60}, {.windows = {30, 30}, .per_epoch = 20}}, 3, true);
  std::map<Key, int> times;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    int of_first = 0;
    for (std::uint64_t i = 0; i < 80; ++i) {
      const RowOrder::Place place = order.at(epoch, i);
      of_first += place.source == 0 ? 1 : 0;
      EXPECT_NEAR(of_first, 0.75 * static_cast<double>(i + 1), 1.0);
      ++times[key(place)];
    }
    EXPECT_EQ(of_first, 60);
  }
  EXPECT_EQ(times.size(), 40U + 60U) << "in three epochs of 20 every row of 60 comes";
  for (const auto& [where, count] : times) {
    EXPECT_TRUE(std::get<0>(where) == 1 ? count == 1 : count == 4 || count == 5) << count;
  }
}

TEST(RowOrder, AnyPositionIsFoundAgain) {
  const std::vector<RowsOfSource> rows{{.windows = {5, 7}, .per_epoch = 12}, {.windows = {9}, .per_epoch = 4}};
  const RowOrder straight(rows, 11, true);
  std::vector<RowOrder::Place> places;
  for (std::uint64_t i = 0; i < 48; ++i) places.push_back(straight.at(i / 16, i % 16));
  for (const std::uint64_t i : {47, 3, 30, 31, 0, 16, 15}) {
    EXPECT_EQ(RowOrder(rows, 11, true).at(i / 16, i % 16), places[i]) << i;
    EXPECT_EQ(straight.at(i / 16, i % 16), places[i]) << i;
  }
}

// As before there were windows and mixtures: runs go on in the order that they began with.
TEST(RowOrder, OneWindowOfOneTextIsOneShuffleAnEpoch) {
  const RowOrder order({{.windows = {50}, .per_epoch = 50}}, 42, true);
  for (const std::uint64_t epoch : {0, 1, 9}) {
    std::vector<std::uint32_t> rows(50);
    std::iota(rows.begin(), rows.end(), 0u);
    const std::uint64_t key = philox64(42, 0x73687566666C65, epoch);
    for (std::uint64_t i = 50; i > 1; --i) std::swap(rows[i - 1], rows[philox_below(philox64(key, 0, i), i)]);
    for (std::uint64_t i = 0; i < 50; ++i) EXPECT_EQ(order.at(epoch, i).row, rows[i]);
  }
}

TEST(RowOrder, WithoutShuffleEverythingComesAsItIs) {
  const RowOrder order({{.windows = {2, 3}, .per_epoch = 5}}, 1, false);
  const std::vector<RowOrder::Place> expected{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}, {0, 1, 2}};
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(order.at(2, i), expected[i]);
}

}  // namespace
}  // namespace welt
