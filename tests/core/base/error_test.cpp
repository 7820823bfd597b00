// core/base/error: the wording of a problem, and the nearest name.
#include "core/base/error.h"

#include <gtest/gtest.h>

namespace welt {
namespace {

TEST(Error, DescribesWhereFoundExpectedAndMend) {
  EXPECT_EQ(describe({"a.toml:3", "found 1", "a string", "Quote it"}),
            "a.toml:3: found 1; expected a string. Quote it.");
  EXPECT_EQ(describe({"", "broken!"}), "broken!");
}

TEST(Error, NearestAllowsOneEditInThreeLetters) {
  const std::vector<std::string> names = {"seed", "train.steps", "train.batch"};
  EXPECT_EQ(nearest("train.step", names), "train.steps");
  EXPECT_EQ(nearest("trainsteps", names), "train.steps");
  EXPECT_EQ(nearest("xylophone", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest("seed", {}), "");
}

TEST(Error, NearestCountsSwappedLettersAsOneEdit) {
  EXPECT_EQ(nearest("sede", {"send", "seed"}), "seed");
  EXPECT_EQ(nearest("stpes", {"steps"}), "steps");
  EXPECT_EQ(nearest("ab", {"ba"}), "ba");
}

}  // namespace
}  // namespace welt
