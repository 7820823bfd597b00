// `welt tokenize`, as a user runs it.
#include <gtest/gtest.h>

#include "tests/apps/run_welt.h"
#include "tests/core/text/golden_lines.h"

namespace welt::test {
namespace {

using OrderedJson = nlohmann::ordered_json;

Outcome tokenize(const std::string& input, const std::vector<std::string>& arguments) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  std::vector<std::string> all = {"tokenize"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run_welt(all, "<" + shell_quoted(folder / "in"));
}

std::vector<OrderedJson> tokenize_answers(const std::string& input,
                                          const std::vector<std::string>& arguments = {"--jsonl"}) {
  const Outcome outcome = tokenize(input, arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return json_lines<OrderedJson>(outcome.out);
}

std::string requests(const std::vector<OrderedJson>& rows, const std::vector<std::string>& keys) {
  std::string input;
  for (const OrderedJson& row : rows) {
    OrderedJson request;
    for (const std::string& key : keys) request[key] = row[key];
    input += request.dump() + "\n";
  }
  return input;
}

TEST(TokenizeVerbParity, EqualsTheGoldensAsRecorded) {
  const auto rows = golden_lines("tokenizer.jsonl");
  const auto replies =
      tokenize_answers(requests(rows, {"encoding", "texts", "options"}), {"--jsonl", "--reference-compatible"});
  ASSERT_EQ(replies.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (const char* key : {"input_ids", "attention_mask"}) EXPECT_EQ(replies[i].at(key), rows[i][key]) << rows[i];
}

TEST(TokenizeVerbParity, GivesTheFixedColumns) {
  const auto rows = golden_lines("tokenizer.jsonl");
  const auto replies = tokenize_answers(requests(rows, {"encoding", "texts", "options"}));
  ASSERT_EQ(replies.size(), rows.size());
  int fixed = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].contains("fixed")) continue;
    ++fixed;
    EXPECT_EQ(replies[i]["attention_mask"], rows[i]["fixed"]["attention_mask"]);
    EXPECT_EQ(replies[i]["input_ids"], rows[i]["input_ids"]);
  }
  EXPECT_EQ(fixed, 3);
}

TEST(TokenizeVerbParity, DecodesTheGoldens) {
  const auto rows = golden_lines("decode.jsonl");
  const auto replies = tokenize_answers(requests(rows, {"encoding", "ids"}));
  ASSERT_EQ(replies.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const char* key : {"text", "text_skip_special"}) EXPECT_EQ(replies[i].at(key), rows[i][key]) << rows[i];
    EXPECT_EQ(replies[i].contains("error"), rows[i].contains("error")) << rows[i];
  }
}

TEST(TokenizeVerb, WritesPlainText) {
  EXPECT_EQ(tokenize("", {"hi", "é"}).out, "2 104 105 3\n2 195 169 3\n");
  EXPECT_EQ(tokenize("hi\n\né", {"--encoding", "utf-16", "--no-special-tokens"}).out, "104 105\n\n233\n");
  EXPECT_EQ(tokenize("", {"--max-length", "4", "--truncation", "--padding", "a€", "xyz"}).out,
            "2 97 3 0\n2 120 121 3\n");
}

TEST(TokenizeVerb, ReturnsAndAMarkOfStandardInputWereKept) {
  EXPECT_EQ(tokenize("\xEF\xBB\xBFhi\r\n\r\nyo\n", {"--no-special-tokens"}).out, "104 105\n\n121 111\n");
}

TEST(TokenizeVerb, StandardInputThatIsNoTextIsNamed) {
  const Outcome outcome = tokenize(std::string("h\0i\0\n\0", 6), {});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("standard input: is text in UTF-16"), std::string::npos) << outcome.err;
}

TEST(TokenizeVerb, ANulHidTheRestOfARequest) {
  const Outcome outcome = tokenize(std::string("{\"texts\":[\"a\"]}\0{\"texts\":[\"lost\"]}\n", 34), {"--jsonl"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.out.find("byte 15 is NUL"), std::string::npos) << outcome.out;
}

TEST(TokenizeVerb, ReadsWhatItWrites) {
  EXPECT_EQ(tokenize("", {"--decode", "2", "104", "105", "3"}).out, "\x02hi\x03\n");
  EXPECT_EQ(tokenize("[2, 104, 105, 3]\n", {"--decode", "--no-special-tokens"}).out, "hi\n");
  EXPECT_EQ(tokenize("55357 56832", {"--decode", "--encoding", "UTF-16"}).out, "😀\n");
}

TEST(TokenizeVerb, OptionsHoldWhereALineIsSilent) {
  const auto replies = tokenize_answers(
      "{\"texts\": [\"é\"]}\n{\"encoding\": \"utf-8\", \"texts\": [\"é\"],"
      " \"options\": {\"add_special_tokens\": true}}\n",
      {"--jsonl", "--encoding", "utf-32", "--no-special-tokens"});
  EXPECT_EQ(replies.at(0)["input_ids"], OrderedJson::parse("[[233]]"));
  EXPECT_EQ(replies.at(1)["input_ids"], OrderedJson::parse("[[2,195,169,3]]"));
  const auto decoded =
      tokenize_answers("{\"ids\": [233]}\n{\"texts\": [\"a\"]}\n", {"--jsonl", "--decode", "--encoding", "utf-16"});
  EXPECT_EQ(decoded.at(0)["text"], "é");
  EXPECT_TRUE(decoded.at(1).contains("error")) << "no ids to decode";
}

TEST(TokenizeVerb, BadRequestsAreAnsweredByWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({})", "texts"},
      {R"({"texts": "a"})", "a list of texts"},
      {R"({"texts": [1]})", "a list of texts"},
      {R"({"encoding": "latin-1", "texts": ["a"]})", "latin-1"},
      {R"({"encoding": 8, "texts": ["a"]})", "a text"},
      {R"({"texts": ["a"], "options": 3})", "an object"},
      {R"({"texts": ["a"], "options": {"paddin": true}})", "paddin"},
      {R"({"texts": ["a"], "options": {"padding": "longest"}})", "true or false"},
      {R"({"texts": ["a"], "options": {"truncation": true, "max_length": "5"}})", "integer"},
      {R"({"texts": ["a"], "options": {"truncation": true, "max_length": -5}})", "0 or more"},
      {R"({"texts": ["a"], "options": {"truncation": true, "max_length": 1e30}})", "integer"},
      {R"({"texts": ["a"], "options": {"truncation": true, "max_length": 99999999999999999999}})", "integer"},
      {R"({"ids": 5})", "list of integers"},
      {R"({"ids": [-1]})", "list of integers"},
      {R"({"ids": [4294967296]})", "list of integers"},
      {R"({"ids": [1.5]})", "list of integers"},
      {R"({"ids": [256]})", "0 to 255"},
  };
  std::string input;
  for (const auto& [line, _] : cases) input += std::string(line) + "\n";
  input += R"({"texts": ["a"], "options": {"truncation": true, "max_length": 9223372036854775807}})";
  const auto replies = tokenize_answers(input);
  ASSERT_EQ(replies.size(), cases.size() + 1);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    ASSERT_TRUE(replies[i].contains("error")) << cases[i].first;
    EXPECT_NE(replies[i]["error"].get<std::string>().find(cases[i].second), std::string::npos) << replies[i];
  }
  EXPECT_EQ(replies.back()["input_ids"], OrderedJson::parse("[[2,97,3]]"));
}

TEST(TokenizeVerb, ALoneSurrogateIsNoText) {
  const Outcome outcome = tokenize("{\"texts\": [\"\\ud800\"]}\n{\"texts\": [\"\\ud83d\\ude00\"]}\n", {"--jsonl"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out.find("{\"error\""), 0U) << outcome.out;
  EXPECT_NE(outcome.out.find("[2,240,159,152,128,3]"), std::string::npos) << outcome.out;
}

TEST(TokenizeVerb, BadPlainInputIsAnErrorThatSaysWhat) {
  const auto says = [](const std::string& input, const std::vector<std::string>& arguments, const char* part) {
    const Outcome outcome = tokenize(input, arguments);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  };
  says("a\xff\n", {}, "text 1: byte 1 is not UTF-8");
  says("1 99999999999", {"--decode"}, "99999999999");
  says("300", {"--decode"}, "0 to 255");
  says("a", {"--encoding", "ebcdic"}, "ebcdic");
  says("a", {"--max-length", "3"}, "--truncation");
}

}  // namespace
}  // namespace welt::test
