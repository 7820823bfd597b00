// `welt plugin check` as its user runs it: the built plugins pass everything, and each bad plugin fails the one test
// that must find it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/apps/run_welt.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Outcome;
using test::run_welt;

// ---- the built plugins

std::vector<std::string> built_plugins() {
  std::vector<std::string> names;
  for (const auto& role : fs::directory_iterator(WELT_SOURCE_DIR "/plugins"))
    for (const auto& folder : fs::directory_iterator(role))
      if (fs::exists(folder.path() / "CMakeLists.txt")) names.push_back(folder.path().filename());
  std::ranges::sort(names);
  return names;
}

class BuiltPlugins : public testing::TestWithParam<std::string> {};

TEST_P(BuiltPlugins, PassesEveryConformanceTest) {
  const fs::path file = fs::path(WELT_BINARY).parent_path() / ("welt_" + GetParam() + ".plugin.so");
  const Outcome outcome = run_welt({"plugin", "check", file.string()});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.out.find("\nwarn"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(" 0 failed, 0 crashed"), std::string::npos) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(Conformance, BuiltPlugins, testing::ValuesIn(built_plugins()),
                         [](const auto& info) { return info.param; });

// ---- the zoo

struct Bad {
  std::string name, test;  // test "-": none, it is a good one
};
void PrintTo(const Bad& bad, std::ostream* out) { *out << bad.name << " " << bad.test; }

std::vector<Bad> bad_plugins() {
  std::vector<Bad> all = {{"good", "-"}};
  std::ifstream lines(WELT_SOURCE_DIR "/tests/bad_plugins/torch/expected.txt");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Bad bad;
    if (line.starts_with('#') || !(words >> bad.name >> bad.test)) continue;
    all.push_back(bad);
  }
  return all;
}

class TorchZoo : public testing::TestWithParam<Bad> {};

TEST_P(TorchZoo, FailsWhatExpectedTxtSaysAndNothingElse) {
  const auto& [name, expected] = GetParam();
  const fs::path file =
      fs::path(WELT_BUILD_DIR) / "tests/plugins" / ("torch_" + name) / ("welt_torch_" + name + ".plugin.so");
  const Outcome outcome = run_welt({"plugin", "check", file.string(), "--json"});
  const json report = json::parse(outcome.out, nullptr, false);
  ASSERT_TRUE(report.is_object()) << outcome.out << outcome.err;
  std::string failed = "-";
  std::size_t count = 0;
  for (const json& result : report["results"]) {
    const std::string status = result["status"];
    EXPECT_TRUE(status != "skip" || result["message"] != "") << result["name"];
    if (status != "fail" && status != "crash") continue;
    failed = result["name"];
    ++count;
  }
  EXPECT_EQ(failed, expected) << outcome.out;
  EXPECT_EQ(count, expected == "-" ? 0u : 1u) << outcome.out;
  EXPECT_EQ(outcome.status, expected == "-" ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Conformance, TorchZoo, testing::ValuesIn(bad_plugins()),
                         [](const auto& info) { return info.param.name; });

// The guide's listings are those of good plugins: what stands in the first namespace of the file.
TEST(Guide, QuotesWhatIsCompiled) {
  const std::string page = test::slurp(WELT_SOURCE_DIR "/docs/write-a-plugin.md");
  for (const std::string name : {"batch_norm_encoder", "tied_head"}) {
    const std::string source = test::slurp(fs::path(WELT_SOURCE_DIR "/tests/bad_plugins/torch") / (name + ".cpp"));
    const std::size_t begin = source.find(" {\n\nstruct"), end = source.find("\n}  // namespace");
    ASSERT_LT(begin, end) << name;
    EXPECT_NE(page.find("```cpp" + source.substr(begin + 3, end - begin - 3) + "```"), std::string::npos) << name;
  }
}

// ---- the verb

std::string bert() { return (fs::path(WELT_BINARY).parent_path() / "welt_bert.plugin.so").string(); }

TEST(PluginCheck, ListNeedsNoFile) {
  const Outcome outcome = run_welt({"plugin", "check", "--list"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("cache.reorder"), std::string::npos);
}

TEST(PluginCheck, RunsWhatIsIncludedAndNotExcluded) {
  const Outcome outcome = run_welt(
      {"plugin", "check", bert(), "--include", "^numerics", "--exclude", "long|packed", "--json", "--seed", "7"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report["seed"], 7);
  EXPECT_EQ(report["plugin"], "bert");
  EXPECT_GT(report["results"].size(), 3u);
  for (const json& result : report["results"]) {
    EXPECT_TRUE(std::string(result["name"]).starts_with("numerics.")) << result;
    EXPECT_NE(result["name"], "numerics.long");
    EXPECT_EQ(result["status"], "pass") << result;
  }
}

TEST(PluginCheck, NoTestSelectedIsAnErrorWithTheNearestName) {
  const Outcome outcome = run_welt({"plugin", "check", bert(), "--include", "numerics.lomg"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("no test selected"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("numerics.long"), std::string::npos) << outcome.err;
}

TEST(PluginCheck, RefusesWhatIsNoExpression) {
  const Outcome outcome = run_welt({"plugin", "check", bert(), "--include", "("});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("--include"), std::string::npos) << outcome.err;
}

TEST(PluginCheck, RefusesAMissingFile) {
  const Outcome outcome = run_welt({"plugin", "check", "/nowhere/welt_x.plugin.so"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("/nowhere/welt_x.plugin.so"), std::string::npos) << outcome.err;
}

// A pipe can be read once, and every process of a check wants the configuration: it was called a crash.
TEST(PluginCheck, TakesAConfigurationFromAPipeAndRefusesAMisspeltKey) {
  const auto piped = [](const std::string& config) {
    return test::run_command(
        "echo '" + config + "' | '" WELT_BINARY "' plugin check '" + bert() +
        "' --config /dev/stdin --include 'handshake|config|numerics.runs|parameters.(apart|complete)'");
  };
  const Outcome good = piped(R"({"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8})");
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_NE(good.out.find("pass   numerics.runs"), std::string::npos) << good.out;
  const Outcome bad = piped(R"({"hiden_size": 8})");
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.out.find("fail   config.given"), std::string::npos) << bad.out;
  EXPECT_NE(bad.out.find("did you mean \"hidden_size\""), std::string::npos) << bad.out;
}

// A misspelt key was passed over where config.given was not among the tests: the defaults were made, which took long.
TEST(PluginCheck, AMisspeltKeyIsFoundWhateverTestsAreIncluded) {
  const Outcome outcome = test::run_command("echo '{\"hiden_size\": 8}' | '" WELT_BINARY "' plugin check '" + bert() +
                                            "' --config /dev/stdin --include numerics.runs");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("fail   config.given"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("skip   numerics.runs"), std::string::npos) << outcome.out;
}

TEST(PluginCheck, BlamesTheFunctionAtFault) {
  const fs::path file = fs::path(WELT_BUILD_DIR) / "tests/plugins/torch_nan_for_long/welt_torch_nan_for_long.plugin.so";
  const Outcome outcome = run_welt({"plugin", "check", file.string(), "--json"});
  const json report = json::parse(outcome.out);
  for (const json& result : report["results"]) {
    if (result["status"] != "fail") continue;
    EXPECT_EQ(result["function"], "forward()") << result;
    EXPECT_EQ(result["component"], "torch_nan_for_long");
    EXPECT_FALSE(std::string(result["rule"]).empty());
  }
  EXPECT_EQ(report["counts"]["fail"], 1);
}

// It was called a crash, by SIGSYS: what refuses the thread is a signal, and pthread_create() blocks all of them.
// In-process it was not seen at all.
TEST(PluginCheck, AThreadThatEndsWithTheCallIsAFailureAndNoCrash) {
  const fs::path file =
      fs::path(WELT_BUILD_DIR) / "tests/plugins/torch_starts_thread/welt_torch_starts_thread.plugin.so";
  for (const bool in_process : {false, true}) {
    std::vector<std::string> arguments = {"plugin", "check", file.string(), "--include", "^calls.threads"};
    if (in_process) arguments.emplace_back("--in-process");
    const Outcome outcome = run_welt(arguments);
    EXPECT_NE(outcome.out.find("fail   calls.threads"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("saw a thread that it starts"), std::string::npos) << outcome.out;
  }
}

TEST(PluginCheck, WritesJUnitAndSaysBeforeTheTestsThatItCannot) {
  const test::TempFolder folder;
  const std::string file = (folder / "results.xml").string();
  EXPECT_EQ(run_welt({"plugin", "check", bert(), "--include", "^file", "--junit", file, "--strict"}).status, 0);
  EXPECT_NE(test::slurp(file).find("<testcase classname=\"bert.file\" name=\"elf\""), std::string::npos);
  const Outcome outcome = run_welt({"plugin", "check", bert(), "--junit", (folder / "none/results.xml").string()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "") << outcome.out;
}

TEST(PluginCheck, RunsInProcessAndInProcessesOfTheirOwn) {
  for (const auto& how : {std::vector<std::string>{"--in-process"}, {"--isolate", "exec"}}) {
    std::vector<std::string> arguments = {"plugin", "check", bert(), "--include", "numerics.runs"};
    arguments.insert(arguments.end(), how.begin(), how.end());
    const Outcome outcome = run_welt(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
    EXPECT_NE(outcome.out.find("pass   numerics.runs"), std::string::npos) << outcome.out;
  }
}

}  // namespace
}  // namespace welt
