// core/base/progress and core/base/log: what stands in the lines, and that no terminal means no progress line.
#include "core/base/progress.h"

#include <gtest/gtest.h>

#include "core/base/log.h"

namespace welt {
namespace {

TEST(Progress, LineShowsShareRateAndTimeLeft) {
  EXPECT_EQ(progress_text("train", 320, 1000, 3.1, "loss 1.2", 80), "train  320/1000  32%  3.1/s  3:39 left  loss 1.2");
  EXPECT_EQ(progress_text("train", 0, 1000, 0, "", 80), "train  0/1000  0%");
  EXPECT_EQ(progress_text("read", 12, 0, 250, "", 80), "read  12  250/s");
  EXPECT_EQ(progress_text("t", 10, 100'000, 10, "", 80), "t  10/100000  0%  10.0/s  2:46:39 left");
  EXPECT_EQ(progress_text("t", 10, 10, 0.25, "", 80), "t  10/10  100%  0.25/s");
}

TEST(Progress, LineIsCutBetweenCodePointsAndHasNoControlCharacters) {
  EXPECT_EQ(progress_text("é", 1, 0, 0, "שלום", 6), "é  1  ");
  EXPECT_EQ(progress_text("é", 1, 0, 0, "שלום", 8), "é  1  של");
  EXPECT_EQ(progress_text("a", 1, 0, 0, "x\ny\x1b", 80), "a  1  x y ");
}

TEST(Progress, WritesNothingWithoutATerminal) {
  testing::internal::CaptureStderr();  // standard error is a file now
  {
    Progress progress("train", 10);
    for (int i = 0; i <= 10; ++i) progress.update(i, "x");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Log, LevelsSourcesAndFormatting) {
  set_log_level(LogLevel::warning);
  testing::internal::CaptureStderr();
  log_info("data", "hidden {}", 1);
  log_warning("data", "seen {}", 2);
  log_line(LogLevel::error, "bert", "braces {} stay");
  const std::string text = testing::internal::GetCapturedStderr();
  set_log_level(LogLevel::info);
  EXPECT_EQ(text.find("hidden"), std::string::npos);
  EXPECT_NE(text.find("warning data: seen 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("error bert: braces {} stay\n"), std::string::npos) << text;
  EXPECT_FALSE(log_enabled(LogLevel::debug));
}

}  // namespace
}  // namespace welt
