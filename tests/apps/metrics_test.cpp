// `welt metrics`: lines of JSON, files, and what is refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

Outcome answers_to(const std::string& input) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  return run_welt({"metrics", "--jsonl"}, "<" + shell_quoted(folder / "in"));
}

Outcome of_files(const std::string& hypothesis, const std::string& reference, std::vector<std::string> more = {}) {
  const TempFolder folder;
  std::ofstream(folder / "hyp", std::ios::binary) << hypothesis;
  std::ofstream(folder / "ref", std::ios::binary) << reference;
  more.insert(more.begin(), {"metrics", "--hypothesis", folder / "hyp", "--reference", folder / "ref"});
  return run_welt(more);
}

void expect_like(const json& got, const json& expected) {
  ASSERT_EQ(got.type_name(), std::string(expected.type_name())) << got << expected;
  if (expected.is_array()) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) expect_like(got[i], expected[i]);
  } else if (expected.is_number_float()) {
    EXPECT_NEAR(got.get<double>(), expected.get<double>(), 1e-9);
  } else {
    EXPECT_EQ(got, expected);
  }
}

TEST(MetricsParity, EqualsTheGoldens) {
  const std::vector<json> expected = json_lines(slurp(std::string(WELT_TEST_DATA) + "/text/metrics.jsonl"));
  std::string input;
  for (const json& row : expected) {
    json request = {{"kind", row.at("kind")}};
    for (const char* name : {"hyp", "ref"}) {
      if (row.contains(name)) request[name] = row[name];
    }
    input += request.dump() + "\n";
  }
  const Outcome outcome = answers_to(input);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), expected.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    SCOPED_TRACE(expected[i].dump());
    for (const auto& [name, value] : expected[i].items()) {
      if (name != "kind" && name != "hyp" && name != "ref") expect_like(answers[i].at(name), value);
    }
  }
}

TEST(MetricsVerb, AnswersBadRequestsOnTheirLines) {
  const Outcome outcome = answers_to(
      "{\"kind\": \"corpus\", \"hyp\": [\"a\", \"b\"], \"ref\": [\"a\"]}\n"
      "{\"kind\": \"corpus\", \"hyp\": [], \"ref\": []}\n"
      "{\"kind\": \"pair\", \"hyp\": [\"a\", \"b\"], \"ref\": [\"a\", \"b\"]}\n"
      "{\"kind\": \"pair\", \"hyp\": \"a\", \"ref\": [\"a\"]}\n"
      "{\"kind\": \"pair\", \"hyp\": [1], \"ref\": [\"a\"]}\n"
      "{\"hyp\": [\"a\"]}\n"
      "{\"kind\": \"both\", \"hyp\": [\"a\"], \"ref\": [\"a\"]}\n"
      "{\"kind\": 5}\n"
      "{\"hyp\": [\"a b c d\"], \"ref\": [\"a b c d\"]}\n");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  const std::vector<std::string> found = {"2 and 1 texts", "0 and 0 texts", "2 and 2 texts", "string",
                                          "array",         "\"ref\"",       "\"both\"",      "number (5)"};
  ASSERT_EQ(answers.size(), found.size() + 1);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_NE(answers[i].at("error").get<std::string>().find(found[i]), std::string::npos) << answers[i];
  EXPECT_NEAR(answers.back().at("sentence_bleu_effective_order").get<double>(), 100, 1e-9);
}

TEST(MetricsVerb, PrintsATableWithSignatures) {
  const Outcome outcome = of_files("the cat sat on the mat\r\ndogs bark loudly at night\n",
                                   "the cat sat on a mat\ndogs bark at night loudly");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* part :
       {"2 pairs", "BLEU     41.22", "90.9/55.6/28.6/20.0 (BP = 1.000 ratio = 1.000 hyp_len = 11 ref_len = 11)",
        "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0", "chrF2    71.35", "chrF2++  71.83",
        "WER      0.2727", "3 edits, 11 words of reference", "CER      0.3778"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " is not in\n" << outcome.out;
}

TEST(MetricsVerb, WritesFilesScoresAsJson) {
  const Outcome outcome = of_files("a b\n\n", "a b\n\n", {"--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const json scores = json::parse(outcome.out);
  EXPECT_EQ(scores.at("pairs"), 2);
  EXPECT_EQ(scores.at("bleu"), 0);  // no four tokens in a row
  EXPECT_EQ(scores.at("wer"), 0);
  EXPECT_EQ(scores.at("signatures").size(), 3u);
}

TEST(MetricsVerb, AMarkInOneOfTheFilesMadeTheFirstLinesDiffer) {
  const Outcome outcome = of_files("\xEF\xBB\xBFone two\r\n", "one two\n", {"--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(json::parse(outcome.out).at("cer"), 0);
}

TEST(MetricsVerb, RefusesFilesThatDoNotFit) {
  const Outcome unequal = of_files("a\nb\nc\n", "a\nb\n");
  EXPECT_EQ(unequal.status, 1);
  EXPECT_NE(unequal.err.find("ref has 2 lines, the other more"), std::string::npos) << unequal.err;
  const Outcome empty = of_files("", "");
  EXPECT_EQ(empty.status, 1);
  EXPECT_NE(empty.err.find("no line"), std::string::npos) << empty.err;
  const Outcome invalid = of_files("a\nb\xff\n", "a\nb\n");
  EXPECT_EQ(invalid.status, 1);
  EXPECT_NE(invalid.err.find("line 2: byte 1 (FF) is not UTF-8"), std::string::npos) << invalid.err;
  const Outcome missing = run_welt({"metrics", "--reference", "/nowhere/ref", "--hypothesis", "/nowhere/hyp"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_NE(missing.err.find("/nowhere/"), std::string::npos) << missing.err;
  EXPECT_EQ(run_welt({"metrics"}).status, 2);
  EXPECT_EQ(run_welt({"metrics", "--reference", "x"}).status, 2);
}

}  // namespace
}  // namespace welt::test
