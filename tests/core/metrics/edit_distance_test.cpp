#include "core/metrics/edit_distance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/base/error.h"

namespace welt {
namespace {

using Symbols = std::vector<std::uint32_t>;

// The textbook's table, row by row.
std::int64_t plain_distance(const Symbols& a, const Symbols& b) {
  std::vector<std::int64_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<std::int64_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::int64_t diagonal = row[0];
    row[0] = static_cast<std::int64_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::int64_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1] ? 1 : 0)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

class Sequences {
 public:
  Symbols random(std::size_t longest, std::uint32_t alphabet) {
    Symbols out(below(longest));
    for (auto& symbol : out) symbol = static_cast<std::uint32_t>(below(alphabet));
    return out;
  }
  Symbols edited(Symbols out, std::size_t edits, std::uint32_t alphabet) {
    for (; edits > 0; --edits) {
      const auto at = out.begin() + static_cast<std::ptrdiff_t>(below(out.size() + 1));
      if (below(2) == 0 && at != out.end()) {
        out.erase(at);
      } else {
        out.insert(at, static_cast<std::uint32_t>(below(alphabet)));
      }
    }
    return out;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937 random_{7};
};

TEST(EditDistance, IsThatOfTheFullTable) {
  Sequences make;
  EditDistance distance;
  for (int i = 0; i < 600; ++i) {
    const auto alphabet = static_cast<std::uint32_t>(2 + make.below(30));
    const Symbols a = make.random(i % 20 == 0 ? 1500 : 220, alphabet);
    const Symbols b = i % 3 == 0 ? make.random(220, alphabet) : make.edited(a, make.below(60), alphabet);
    ASSERT_EQ(distance(a, b), plain_distance(a, b)) << a.size() << " and " << b.size() << " symbols";
  }
}

TEST(EditDistance, OfSidesWithoutSymbols) {
  EditDistance distance;
  EXPECT_EQ(distance({}, {}), 0);
  EXPECT_EQ(distance(Symbols{1, 2}, {}), 2);
  EXPECT_EQ(distance({}, Symbols{1, 2, 3}), 3);
}

// Cells: 10^10 and more. The band makes the difference between like and unlike texts.
TEST(EditDistance, OfLongLikeTextsIsFast) {
  Sequences make;
  Symbols a(200000);
  for (auto& symbol : a) symbol = static_cast<std::uint32_t>(make.below(0x10FFFF));
  Symbols b = a;
  b.erase(b.begin() + 1000);
  b.insert(b.begin() + 150000, {1, 2, 3});
  b[100000] ^= 1;
  EXPECT_EQ(EditDistance()(a, b), 5);
}

TEST(EditDistance, RefusesWhatWouldTakeMinutes) {
  const Symbols a(4'000'000, 1), b(4'000'000, 2);
  try {
    EditDistance()(a, b);
    FAIL() << "4 million times 4 million cells were compared";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::resource_exhausted);
    EXPECT_NE(std::string(error.what()).find("4000000"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace welt
