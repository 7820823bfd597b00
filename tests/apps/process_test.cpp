// `welt process`: the Python processor's columns, as recorded and as they should be, and what is refused.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

Outcome process(const std::string& input, std::vector<std::string> arguments = {}) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  arguments.insert(arguments.begin(), {"process", "--jsonl"});
  return run_welt(arguments, "<" + shell_quoted(folder / "in"));
}

json answer_to(const json& request, const std::vector<std::string>& arguments = {}) {
  const Outcome outcome = process(request.dump() + "\n", arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json::parse(outcome.out);
}

std::vector<json> golden_rows() { return json_lines(slurp(std::string(WELT_TEST_DATA) + "/text/processor.jsonl")); }

bool has_han(const json& row) {
  return row.at("input").dump().find_first_of("\xE4\xE5\xE6\xE7\xE8") != std::string::npos;
}

// Words of Han come from a dictionary, which is not what is tested here: they are given instead of the text.
json request_of(const json& row) {
  json request = {{"input", row.at("input")}, {"options", row.at("options")}};
  if (!row["input"].contains("texts") || !has_han(row)) return request;
  EXPECT_EQ(row["examples"].size(), 1u);
  request["input"] = {{"words", row["examples"][0]["words"]}, {"seq_lengths", row["examples"][0]["seq_lengths"]}};
  return request;
}

void expect_goldens(const std::vector<std::string>& arguments, bool fixed) {
  const std::vector<json> rows = golden_rows();
  std::string input;
  for (const json& row : rows) input += request_of(row).dump() + "\n";
  const Outcome outcome = process(input, arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), rows.size());
  int examples = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i]["input"].dump());
    ASSERT_EQ(answers[i].contains("error"), rows[i].contains("error")) << answers[i];
    if (rows[i].contains("error")) continue;
    EXPECT_EQ(answers[i].at("warnings"), rows[i]["warnings"]);
    ASSERT_EQ(answers[i].at("examples").size(), rows[i]["examples"].size());
    for (std::size_t k = 0; k < rows[i]["examples"].size(); ++k, ++examples) {
      json expected = rows[i]["examples"][k];
      if (fixed && expected.contains("fixed")) expected.update(expected["fixed"]);
      expected.erase("fixed");
      expected.erase("why");
      EXPECT_EQ(answers[i]["examples"][k], expected);
    }
    for (const char* name : {"collated", "collated_shapes"}) {
      if (rows[i].contains(name)) {
        EXPECT_EQ(answers[i].at(name), rows[i][name]);
      }
    }
  }
  EXPECT_EQ(examples, 32);
}

TEST(ProcessParity, EqualsTheFixedColumns) { expect_goldens({}, true); }
TEST(ProcessParity, EqualsTheRecordedColumns) { expect_goldens({"--reference-compatible"}, false); }

TEST(ProcessVerb, CollatesWithZerosAtTheEndOfEveryDimension) {
  const json answer = answer_to({{"input", {{"texts", {"", "ab c"}}}}});
  EXPECT_EQ(answer["collated_shapes"]["attention_mask"], json({2, 1, 3, 3}));
  EXPECT_EQ(answer["collated"]["attention_mask"], json({{"100", "000", "000"}, {"100", "110", "111"}}));
  EXPECT_EQ(answer["collated"]["input_ids"][0], json({{2, 2, 3, 0, 0}, {0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}}));
  EXPECT_EQ(answer["collated"]["position_ids"], json({{0, 0, 0}, {0, 1, 2}}));
}

TEST(ProcessVerb, MaxWordLengthCutsInputsAndLabels) {
  const json request = {{"input", {{"words", {"a", "b\u00E9\u00E9\u00E9"}}, {"seq_lengths", {2}}}},
                        {"options", {{"max_bytes", nullptr}, {"max_word_length", 6}}}};
  const json mended = answer_to(request)["examples"][0],
             recorded = answer_to(request, {"--reference-compatible"})["examples"][0];
  EXPECT_EQ(mended["input_ids"][1], json({2, 'b', 0xC3, 0xA9, 3}));
  EXPECT_EQ(mended["labels_output"][0], json({'b', 0xC3, 0xA9, 3}));
  EXPECT_EQ(recorded["input_ids"][1], json({2, 'b', 0xC3, 0xA9, 0xC3, 3}));
  EXPECT_EQ(mended["words"][1], "b\u00E9\u00E9\u00E9");
}

// NUL as a word among others is a document's word like any: only as the input of a slot is its byte masked.
TEST(ProcessVerb, TheWordNulInsideADocumentIsALabel) {
  const json answer = answer_to({{"input", {{"words", {"\x02", std::string(1, '\0'), "b"}}, {"seq_lengths", {3}}}}});
  const json& example = answer["examples"][0];
  EXPECT_EQ(example["labels_output"], json({{0, 3}, {'b', 3}, {3, 0}}));
  EXPECT_EQ(example["labels_attention_mask"], json({"11", "11", "11"}));
  EXPECT_EQ(example["input_attention_mask"], json({"111", "101", "111"}));
}

TEST(ProcessVerb, CountsBlocksThatAreNotWellFormedByDocument) {
  const json answer = answer_to({{"input", {{"words", {"\x0E", "a", "b", "\x0F"}}, {"seq_lengths", {2, 2}}}}});
  EXPECT_EQ(answer["warnings"], json::array());  // over the whole row there is a block
  EXPECT_EQ(answer["block_faults"], (json{{"nested", 0}, {"unclosed", 1}, {"without_start", 1}}));
}

TEST(ProcessVerb, AnswersBadRequestsOnTheirLines) {
  const std::vector<std::pair<json, std::string>> cases = {
      {{{"options", json::object()}}, "nothing"},
      {{{"input", "text"}}, "string"},
      {{{"input", json::object()}}, "object ({})"},
      {{{"input", {{"texts", {"a"}}, {"words", {"a"}}}}}, "or with words"},
      {{{"input", {{"texts", "a"}}}}, "a list of texts"},
      {{{"input", {{"texts", json::array()}}}}, "no text and no word"},
      {{{"input", {{"words", {"a", 1}}, {"seq_lengths", {2}}}}}, "a list of texts"},
      {{{"input", {{"words", {"a", "b"}}, {"seq_lengths", {1}}}}}, "add up to 2"},
      {{{"input", {{"words", {"a", "b"}}, {"seq_lengths", {3, -1}}}}}, "add up to 2"},
      {{{"input", {{"words", {"a", "b"}}, {"seq_lengths", {2, 0}}}}}, "positive numbers"},
      {{{"input", {{"words", {"a", "b"}}, {"seq_lengths", "2"}}}}, "\"2\""},
      {{{"input", {{"texts", {"a"}}}}, {"options", {{"max_word_length", 1}}}}, "at least 2"},
      {{{"input", {{"texts", {"a"}}}}, {"options", {{"max_bytes", -1}}}}, "max_bytes -1"},
      {{{"input", {{"texts", {"a"}}}}, {"options", {{"max_bytes", 5}, {"max_characters", 5}}}}, "one of them positive"},
      {{{"input", {{"texts", {"a"}}}}, {"options", {{"encoding", "latin-1"}}}}, "\"latin-1\""},
      {{{"input", {{"texts", {"a"}}}}, {"options", {{"max_words", 1}}}}, "max_words"},
      {{{"input", {{"texts", {std::string(200000, ' ') + std::string(100000, '\x01')}}}}}, "tables of at most"},
  };
  std::string input;
  for (const auto& [request, found] : cases) input += request.dump() + "\n";
  const Outcome outcome = process(input);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ASSERT_TRUE(answers[i].contains("error")) << cases[i].second;
    EXPECT_NE(answers[i]["error"].get<std::string>().find(cases[i].second), std::string::npos) << answers[i];
  }
  EXPECT_EQ(run_welt({"process"}).status, 2);
}

}  // namespace
}  // namespace welt::test
