// Words of printed commands.
#include "core/base/shell.h"

#include <gtest/gtest.h>

namespace welt {
namespace {

TEST(ShellWord, ARunNamedLikeACommandIsOneWord) {
  EXPECT_EQ(shell_word("runs/quick-start"), "runs/quick-start");
  EXPECT_EQ(shell_word("runs/a b;rm"), "'runs/a b;rm'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace welt
