// `welt control`, and with it what all verbs share that answer lines of JSON (apps/welt/jsonl.h).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

Outcome control(const std::string& input, const std::vector<std::string>& arguments) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  std::vector<std::string> all = {"control"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_welt(all, "<" + shell_quoted(folder / "in"));
}

TEST(ControlParity, EqualsTheGoldens) {
  const std::string goldens = slurp(std::string(WELT_TEST_DATA) + "/text/control.jsonl");
  std::string input;
  const std::vector<json> expected = json_lines(goldens);
  for (const json& line : expected) input += json{{"text", line.at("text")}}.dump() + "\n";
  const Outcome outcome = control(input, {"--jsonl"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), expected.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].at("no_whitespace"), expected[i].at("no_whitespace"));
    EXPECT_EQ(answers[i].at("with_whitespace"), expected[i].at("with_whitespace"));
  }
}

TEST(ControlVerb, WritesPlainText) {
  EXPECT_EQ(control("a\x0e\tb\n", {}).out, "a␎␉b␊");
  EXPECT_EQ(control("a\x0e\tb\n", {"--keep-white-space"}).out, "a␎\tb\n");
}

TEST(Jsonl, ARequestThatCannotBeMetIsAnsweredAndTheWorkGoesOn) {
  const Outcome outcome = control("{\"text\": 5}\n{}\n{\"text\": \"\\u0001\"}\n", {"--jsonl"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_NE(answers[0].at("error").get<std::string>().find("number (5)"), std::string::npos) << answers[0];
  EXPECT_NE(answers[1].at("error").get<std::string>().find("nothing"), std::string::npos) << answers[1];
  EXPECT_EQ(answers[2].at("no_whitespace"), "␁");
}

TEST(Jsonl, LinesThatAreNoObjectsAreAnsweredAndSaidAtTheEnd) {
  const std::string deep(200000, '[');
  const Outcome outcome = control("[1]\n\xff\n" + deep + "\n{\"text\": \"\\ud800\"}\n{\"text\": \"a\"}\n", {"--jsonl"});
  EXPECT_EQ(outcome.status, 1);
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), 5u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(answers[i].contains("error")) << answers[i];
  EXPECT_EQ(answers[4].at("no_whitespace"), "a");
  EXPECT_NE(outcome.err.find("line 1: it is array"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace welt::test
