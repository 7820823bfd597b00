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

// Found by fuzzing: a message quoted a file's bytes as they were.
TEST(Error, MessageIsUtf8WhateverItQuotes) {
  EXPECT_STREQ(Error("key \"a\xFFz\"").what(), "key \"a\xEF\xBF\xBDz\"");
  try {
    fail({"\xC0.toml", "cut off: \xE2\x82", "\u05D0"});
    FAIL() << "fail() returned";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "\xEF\xBF\xBD.toml: cut off: \xEF\xBF\xBD; expected \u05D0.");
  }
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
