// The torch-free conformance tests: each bad plugin of tests/bad_plugins fails the one test that expected.txt says, and
// good plugins pass all.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/conformance/check.h"
#include "core/conformance/groups.h"
#include "core/conformance/list_text.h"
#include "core/conformance/report.h"
#include "core/plugin/judge.h"

namespace welt::conformance {
namespace {

namespace fs = std::filesystem;

const fs::path zoo = WELT_PLUGIN_ZOO;
const bool has_address_sanitizer = (this_host().sanitizers & WELT_SANITIZER_ADDRESS) != 0;

CheckReport check(const fs::path& file, std::string include = "", std::string exclude = "", double timeout = 10) {
  CheckOptions options;
  options.server.subject.file = file;
  options.server.timeout = timeout;
  options.include = std::move(include);
  options.exclude = std::move(exclude);
  options.program = zoo.parent_path() / "bin/welt_check_server";
  return check_plugin({.tests = torch_free_tests()}, options);
}

fs::path only_plugin_in(const fs::path& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".so") return entry.path();
  }
  return folder / "no plugin is here";
}

// "cache.reorder fail: …" for every test that is not passed or skipped. Some bad plugins write their notes themselves,
// without the sanitizers of this build: that warning is left out.
std::vector<std::string> bad_results(const CheckReport& report) {
  std::vector<std::string> all;
  for (const Result& result : report.results) {
    if (result.status == Status::pass || result.status == Status::skip) continue;
    if (has_address_sanitizer && result.name == "file.sanitizers" && result.status == Status::warn) continue;
    all.push_back(fmt::format("{} {}: {}", result.name, status_name(result.status), result.message));
  }
  return all;
}

struct Expected {
  std::string plugin, test;
  friend void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.plugin; }
};

std::vector<Expected> expected_failures() {
  std::vector<Expected> all;
  std::istringstream lines(read_file(WELT_SOURCE_DIR "/tests/bad_plugins/expected.txt"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Expected expected;
    if (!line.starts_with('#') && words >> expected.plugin >> expected.test) all.push_back(expected);
  }
  return all;
}

class BadPlugin : public testing::TestWithParam<Expected> {};

TEST_P(BadPlugin, FailsItsOneTest) {
  if (has_address_sanitizer && GetParam().test.find("memory") != std::string::npos)
    GTEST_SKIP() << "the sanitizer counts memory itself";
  const bool waits = GetParam().plugin == "sleeps" || GetParam().plugin == "slow_for_long";
  const CheckReport report = check(only_plugin_in(zoo / GetParam().plugin), "", "", waits ? 1 : 10);
  const std::vector<std::string> bad = bad_results(report);
  EXPECT_EQ(bad.size(), 1u) << fmt::format("{}", fmt::join(bad, "\n"));
  ASSERT_FALSE(bad.empty());
  EXPECT_TRUE(bad[0].starts_with(GetParam().test + " ")) << bad[0];
  EXPECT_FALSE(report.good());
}
INSTANTIATE_TEST_SUITE_P(Conformance, BadPlugin, testing::ValuesIn(expected_failures()),
                         [](const auto& info) { return info.param.plugin; });

void expect_all_good(const fs::path& file) {
  const CheckReport report = check(file);
  EXPECT_TRUE(bad_results(report).empty()) << fmt::format("{}", fmt::join(bad_results(report), "\n"));
  EXPECT_GT(report.count(Status::pass), 30u);
}
TEST(Conformance, SegmenterInCPasses) { expect_all_good(zoo / "good/welt_spaces.plugin.so"); }
TEST(Conformance, RendererInCPasses) { expect_all_good(zoo / "good_renderer/welt_boxes.plugin.so"); }

TEST(Conformance, EveryFaultySourceIsExpectedToFail) {
  std::set<std::string> expected;
  for (const Expected& each : expected_failures()) EXPECT_TRUE(expected.insert(each.plugin).second) << each.plugin;
  for (const char* folder : {"segmenters", "renderers"}) {
    for (const auto& entry : fs::directory_iterator(fs::path(WELT_SOURCE_DIR "/tests/bad_plugins") / folder))
      EXPECT_TRUE(expected.contains(entry.path().stem().string())) << entry.path();
  }
}

// A test that nothing ever fails may have stopped testing.
TEST(Conformance, EveryTestIsFailedBySomePlugin) {
  // Warnings, what only a setting of a person's can break, and what the host itself does.
  std::set<std::string> failed = {"file.library_paths",          "config.given",
                                  "config.unknown_key",          "config.roles",
                                  "lifecycle.repeats",           "errors.segmenter",
                                  "errors.segmenter_null_error", "file.operators"};  // by one of bad_plugins/torch
  for (const Expected& each : expected_failures()) failed.insert(each.test);
  for (const auto& test : torch_free_tests()) EXPECT_TRUE(failed.contains(test.name)) << test.name;
}

TEST(Conformance, TestsHaveNamesSentencesAndNeedsThatExist) {
  std::set<std::string> names;
  for (const auto& test : torch_free_tests()) {
    EXPECT_TRUE(names.insert(test.name).second) << test.name << " twice";
    EXPECT_NE(test.name.find('.'), std::string::npos) << test.name;
    EXPECT_TRUE(test.description.ends_with('.') || test.description.ends_with(").")) << test.name;
    EXPECT_EQ(test.description.find('|'), std::string::npos) << test.name;
    EXPECT_FALSE(test.applies.empty()) << test.name;
    EXPECT_NE(test.body, nullptr) << test.name;
    for (const std::string& need : test.needs) EXPECT_TRUE(names.contains(need)) << test.name << " needs " << need;
  }
}

// An author has the installed tree: include/welt/abi and share/doc/welt. A rule that cites another file cannot be read.
TEST(Conformance, RulesCiteFilesThatAreInstalled) {
  const std::regex cited("\"((docs/)?[a-z_-]+\\.(h|md))[:,]");
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(WELT_SOURCE_DIR "/core/conformance")) {
    if (entry.path().extension() != ".cpp") continue;
    const std::string source = read_file(entry.path());
    for (std::sregex_iterator found(source.begin(), source.end(), cited), end; found != end; ++found, ++count) {
      const std::string name = (*found)[1];
      const fs::path where = name.ends_with(".md") ? fs::path(WELT_SOURCE_DIR) / name
                                                   : fs::path(WELT_SOURCE_DIR "/core/abi/include/welt/abi") / name;
      EXPECT_TRUE(fs::exists(where)) << entry.path() << " cites " << name;
    }
  }
  EXPECT_GT(count, 100u);
}

// What stands between the two markers of docs/conformance.md.
std::string documented() {
  const std::string page = read_file(WELT_SOURCE_DIR "/docs/conformance.md");
  const std::string begin = "<!-- torch-free tests -->\n", end = "<!-- end of torch-free tests -->";
  const std::size_t first = page.find(begin), last = page.find(end);
  if (first == std::string::npos || last == std::string::npos) return "docs/conformance.md lacks the markers";
  return page.substr(first + begin.size(), last - first - begin.size());
}

TEST(Conformance, DocumentedTestsAreThoseOfTheGroups) {
  EXPECT_EQ(documented(), tests_markdown(torch_free_tests())) << "put the second table into docs/conformance.md";
}

TEST(Conformance, IncludeAndExcludeSelectByName) {
  const CheckReport report = check(zoo / "good/welt_spaces.plugin.so", "^file\\.", "name|abi");
  std::vector<std::string> names;
  for (const Result& result : report.results) names.push_back(result.name);
  EXPECT_EQ(names, (std::vector<std::string>{"file.elf", "file.note", "file.kind", "file.libtorch", "file.sanitizers",
                                             "file.exports", "file.runtime", "file.operators", "file.nodelete",
                                             "file.library_paths"}));
}

TEST(Conformance, NoTestSelectedIsAnErrorThatNamesTheNearest) {
  try {
    check(zoo / "good/welt_spaces.plugin.so", "file.export");
    check(zoo / "good/welt_spaces.plugin.so", "file.expotrs");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("no test selected"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("file.exports"), std::string::npos) << error.what();
  }
}

TEST(Conformance, BrokenExpressionIsAnError) {
  EXPECT_THROW(check(zoo / "good/welt_spaces.plugin.so", "(file"), Error);
}

TEST(Conformance, FolderOfTheBuildMachineIsAWarning) {
  const CheckReport report = check(zoo / "build_path/welt_build_path.plugin.so");
  EXPECT_EQ(report.count(Status::warn), 1u);
  EXPECT_TRUE(report.good());
  const std::vector<std::string> results = bad_results(report);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_NE(results[0].find("file.library_paths warn: RUNPATH: saw \"/home/somebody/lib\""), std::string::npos)
      << results[0];
}

TEST(Conformance, FailureNamesFunctionValueAndRule) {
  const CheckReport report = check(zoo / "loses_byte/welt_loses_byte.plugin.so", "handshake|config|concatenation");
  const std::string message = bad_results(report).at(0);
  for (const char* part : {"component spaces as welt.segmenter/1", "segment()", "saw words that end at byte",
                           "expected words that joined give the text back", "Rule: segmenter.h"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(Conformance, CrashNamesFunctionAndSignal) {
  if (has_address_sanitizer) GTEST_SKIP() << "the sanitizer turns the signal into an exit";
  const CheckReport report = check(zoo / "segfaults/welt_segfaults.plugin.so", "concatenation");
  ASSERT_EQ(report.count(Status::crash), 1u);
  EXPECT_NE(report.results[0].message.find("segment(): SIGSEGV"), std::string::npos) << report.results[0].message;
}

TEST(Conformance, TimeLimitNamesFunction) {
  const CheckReport report = check(zoo / "sleeps/welt_sleeps.plugin.so", "concatenation", "", 0.3);
  ASSERT_EQ(report.count(Status::fail), 1u);
  EXPECT_NE(report.results[0].message.find("segment(): did not return within the time limit of 0.3 s"),
            std::string::npos)
      << report.results[0].message;
}

CheckReport check_in_process(const fs::path& file, std::string include = "") {
  CheckOptions options;
  options.server.subject.file = file;
  options.include = std::move(include);
  options.isolation = Isolation::in_process;
  options.program = "/nowhere";
  return check_plugin({.tests = torch_free_tests()}, options);
}

TEST(Conformance, InProcessRunsWithoutAServer) {
  const CheckReport report = check_in_process(zoo / "good/welt_spaces.plugin.so");
  EXPECT_TRUE(bad_results(report).empty()) << fmt::format("{}", fmt::join(bad_results(report), "\n"));
}

// A plugin that has agreed on a version with a host before was refused for it.
TEST(Conformance, InProcessAgreesWithTheDefaultAboutHostsOfOtherVersions) {
  for (const std::string name : {"older_silently", "host_minor_equal", "any_major", "new_table"}) {
    const fs::path file = only_plugin_in(zoo / name);
    const auto names = [](const CheckReport& report) {
      std::vector<std::string> bad;
      for (const Result& result : report.results)
        if (result.status == Status::fail) bad.push_back(result.name);
      return bad;
    };
    EXPECT_EQ(names(check_in_process(file, "^handshake")), names(check(file, "^handshake"))) << name;
  }
}

TEST(Conformance, ComponentFunctionAndRuleAreFieldsOfTheirOwn) {
  const CheckReport failed = check(zoo / "loses_byte/welt_loses_byte.plugin.so", "handshake|config|concatenation");
  const auto result = std::ranges::find(failed.results, "segmenter.concatenation", &Result::name);
  ASSERT_NE(result, failed.results.end());
  EXPECT_EQ(result->component, "spaces");
  EXPECT_EQ(result->function, "segment()");
  EXPECT_TRUE(result->rule.starts_with("segmenter.h: ")) << result->rule;
  EXPECT_NE(report_json(failed, false).dump().find("\"function\":\"segment()\""), std::string::npos);
  if (has_address_sanitizer) return;  // it turns the signal into an exit
  const CheckReport crashed = check(zoo / "segfaults/welt_segfaults.plugin.so", "concatenation");
  EXPECT_EQ(crashed.results.at(0).function, "segment()");
  EXPECT_EQ(crashed.results.at(0).component, "spaces");
}

TEST(Conformance, JUnitHasACaseForEachTestAndIsXmlWhateverAPluginSays) {
  CheckReport report{.file = "a<b>.so", .plugin = {}, .results = {}};
  report.results = {
      {.name = "file.elf"},
      {.name = "file.name", .status = Status::warn, .message = "\"odd\" & old"},
      {.name = "cache.steps", .status = Status::fail, .message = "\x01\xFF]]>\nmore", .rule = "kv_cache.h: x"},
      {.name = "mode.trace", .status = Status::skip, .message = "none"},
      {.name = "calls.state", .status = Status::crash, .message = "SIGSEGV"}};
  const std::string xml = report_junit(report, /*strict=*/false);
  for (const char* part :
       {"tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"1\"", "a&lt;b&gt;.so",
        "<system-out>&quot;odd&quot; &amp; old</system-out>", "message=\"\xEF\xBF\xBD\xEF\xBF\xBD]]&gt;&#10;more\"",
        "name=\"steps\"", "<error type=\"crash\"", "<skipped message=\"none\"/>"})
    EXPECT_NE(xml.find(part), std::string::npos) << part << " in\n" << xml;
  EXPECT_NE(report_junit(report, /*strict=*/true).find("failures=\"2\""), std::string::npos);
  EXPECT_FALSE(report.good());
  report.results.erase(report.results.begin() + 2, report.results.end());
  EXPECT_TRUE(report.good());
  EXPECT_FALSE(report.good(/*strict=*/true));
}

}  // namespace
}  // namespace welt::conformance
