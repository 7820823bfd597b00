// The command line's frame: help, version, errors and exit status, and how it sets OpenMP up.
#include <gtest/gtest.h>

#include "tests/apps/run_welt.h"

namespace welt {
namespace {

using test::has;
using test::Outcome;
using test::run_welt;

TEST(Main, VersionIsOneLine) {
  const Outcome version = run_welt({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.out, WELT_VERSION "\n");
}

// It looked for the rest of the program beside the copy only.
TEST(Main, ACopyOfTheProgramAloneDoesAllVerbs) {
  const test::TempFolder folder;
  std::filesystem::copy(WELT_BINARY, folder / "p\xFF");
  EXPECT_EQ(std::system(
                (test::shell_quoted(folder / "p\xFF") + " --version > " + test::shell_quoted(folder / "out")).c_str()),
            0);
  EXPECT_EQ(test::slurp(folder / "out"), WELT_VERSION "\n");
}

class Help : public testing::TestWithParam<std::vector<std::string>> {};
TEST_P(Help, EndsInExamples) {
  const Outcome help = run_welt(GetParam());
  EXPECT_EQ(help.status, 0) << help.err;
  EXPECT_TRUE(has(help.out, "Examples:")) << help.out;
}
INSTANTIATE_TEST_SUITE_P(
    Main, Help,
    testing::Values(
        std::vector<std::string>{}, std::vector<std::string>{"--help"}, std::vector<std::string>{"run", "--help"},
        std::vector<std::string>{"validate", "--help"}, std::vector<std::string>{"evaluate", "--help"},
        std::vector<std::string>{"embed", "--help"}, std::vector<std::string>{"checkpoint", "--help"},
        std::vector<std::string>{"checkpoint", "init", "--help"},
        std::vector<std::string>{"checkpoint", "inspect", "--help"}, std::vector<std::string>{"model", "--help"},
        std::vector<std::string>{"model", "info", "--help"}, std::vector<std::string>{"bench", "--help"},
        std::vector<std::string>{"bench", "train", "--help"}, std::vector<std::string>{"bench", "text", "--help"},
        std::vector<std::string>{"component", "--help"}, std::vector<std::string>{"component", "forward", "--help"},
        std::vector<std::string>{"segment", "--help"}, std::vector<std::string>{"render", "--help"},
        std::vector<std::string>{"control", "--help"}, std::vector<std::string>{"generate", "--help"},
        std::vector<std::string>{"model", "forward", "--help"}, std::vector<std::string>{"model", "trace", "--help"},
        std::vector<std::string>{"plugin", "--help"}, std::vector<std::string>{"plugin", "list", "--help"},
        std::vector<std::string>{"plugin", "describe", "--help"}, std::vector<std::string>{"doctor", "--help"},
        std::vector<std::string>{"sample", "--help"}, std::vector<std::string>{"schedule", "--help"},
        std::vector<std::string>{"optimizer", "--help"}, std::vector<std::string>{"optimizer", "trace", "--help"},
        std::vector<std::string>{"runs", "--help"}, std::vector<std::string>{"runs", "compare", "--help"}));

TEST(Main, RecipeKeysArePrintedWithoutARecipe) {
  const Outcome keys = run_welt({"validate", "--keys"});
  EXPECT_EQ(keys.status, 0) << keys.err;
  EXPECT_TRUE(has(keys.out, "| `steps` | integer | `1000` |")) << keys.out;
}

struct Misuse {
  std::vector<std::string> arguments;
  std::string said;
  friend void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.said; }  // ctest shows it
};
class UsageError : public testing::TestWithParam<Misuse> {};
TEST_P(UsageError, LeavesWithTwoAndOneParagraph) {
  const Outcome outcome = run_welt(GetParam().arguments);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.err.starts_with("welt: ")) << outcome.err;
  EXPECT_TRUE(has(outcome.err, GetParam().said)) << outcome.err;
}
INSTANTIATE_TEST_SUITE_P(Main, UsageError,
                         testing::Values(Misuse{{"docter"}, "did you mean \"doctor\"?"},
                                         Misuse{{"doctor", "--jsn"}, "--jsn"}, Misuse{{"plugin"}, "subcommand"},
                                         Misuse{{"--log-level", "loud", "doctor"}, "--log-level"},
                                         Misuse{{"generate", "runs/x", "--seed", "99999999999999999999"}, "--seed"},
                                         Misuse{{"generate", "runs/x", "--seed", "-1"}, "--seed"},
                                         Misuse{{"data", "prepare", "--seed", "99999999999999999999"}, "--seed"}));

struct Spinning {
  std::string environment, shown;
  friend void PrintTo(const Spinning& spinning, std::ostream* out) { *out << spinning.environment; }
};
class OpenMP : public testing::TestWithParam<Spinning> {};
TEST_P(OpenMP, WaitsShortlyUnlessTheUserSaysOtherwise) {
  const Outcome outcome = run_welt({"--version"}, GetParam().environment + " OMP_DISPLAY_ENV=verbose");
  // libgomp prints once, or twice when the program had to start itself anew: what counts is said last.
  const std::string last = outcome.err.substr(std::max<std::size_t>(outcome.err.rfind("DISPLAY ENVIRONMENT BEGIN"), 1));
  EXPECT_TRUE(has(last, GetParam().shown)) << outcome.err;
}
INSTANTIATE_TEST_SUITE_P(Main, OpenMP,
                         testing::Values(Spinning{"env -u OMP_WAIT_POLICY -u GOMP_SPINCOUNT -u WELT_SET_SPINCOUNT",
                                                  "GOMP_SPINCOUNT = '1000'"},
                                         Spinning{"env -i", "GOMP_SPINCOUNT = '1000'"},
                                         Spinning{"env -u OMP_WAIT_POLICY GOMP_SPINCOUNT=77", "GOMP_SPINCOUNT = '77'"},
                                         Spinning{"env -u GOMP_SPINCOUNT OMP_WAIT_POLICY=active",
                                                  "OMP_WAIT_POLICY = 'ACTIVE'"}));

// The variable that lent its place to GOMP_SPINCOUNT is back when main() runs.
TEST(Main, EnvironmentIsWholeAfterTheOpenMPSetup) {
  const Outcome outcome =
      run_welt({"plugin", "list", "--json"}, "env -i HOME=/tmp PWD=/ WELT_PLUGIN_PATH=/one GOMP_DEBUG=0");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(has(outcome.out, "\"/one\"")) << outcome.out;
}

}  // namespace
}  // namespace welt
