// `welt segment` and `welt bench text`, run as a person would.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

using nlohmann::json;

Outcome segment(const std::string& input, std::vector<std::string> arguments) {
  const TempFolder folder;
  std::ofstream(folder / "in", std::ios::binary) << input;
  arguments.insert(arguments.begin(), "segment");
  return run_welt(arguments, "<" + shell_quoted(folder / "in"));
}

TEST(SegmentParity, AnswersTheGoldens) {
  const std::vector<json> cases = json_lines(slurp(std::string(WELT_TEST_DATA) + "/text/segmentation.jsonl"));
  std::string input;
  for (const json& row : cases) input += json{{"text", row["text"]}, {"options", row["options"]}}.dump() + "\n";
  const Outcome outcome = segment(input, {"--reference-compatible", "--jsonl"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(answers[i]["spans"], cases[i]["spans"]);
    EXPECT_EQ(answers[i]["engine"], cases[i]["engine"]);
    if (cases[i]["dictionary"]) continue;
    EXPECT_EQ(answers[i]["words"], cases[i]["words"]);
    EXPECT_EQ(answers[i]["complete"], cases[i]["complete"]);
  }
}

// Recorded with the library tokenizers: tests/goldens/text/bpe/make_bpe.py.
TEST(SegmentParity, IdsAreThoseOfTheLibrary) {
  const std::string folder = std::string(WELT_TEST_DATA) + "/text/bpe/";
  const std::vector<json> cases = json_lines(slurp(folder + "ids.jsonl"));
  ASSERT_EQ(cases.size(), 388u);
  std::string input;
  for (const json& row : cases) input += json{{"text", row["text"]}}.dump() + "\n";
  for (const std::string name : {"gpt-neox", "llama-3", "llama-2"}) {
    const Outcome outcome =
        segment(input, {"--segmenter", "bpe", "--set", "tokenizer=" + folder + name + ".json", "--jsonl"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const std::vector<json> answers = json_lines(outcome.out);
    ASSERT_EQ(answers.size(), cases.size());
    for (std::size_t i = 0; i < cases.size(); ++i) EXPECT_EQ(answers[i]["ids"], cases[i][name]) << cases[i]["text"];
  }
}

const std::vector<std::string> without_data = {"--set", "dictionaries=/nowhere"};

std::vector<std::string> with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Segment, WordsALine) {
  EXPECT_EQ(segment("hello  world", without_data).out, "\"hello \"\n\" \"\n\"world\"\n");
  EXPECT_EQ(segment("hello", with({"--max-characters", "2"}, without_data)).out, "\"he\"\n\"ll\"\n\"o\"\n");
  const Outcome bad = segment("ab\xFF", without_data);
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.err.find("standard input"), std::string::npos) << bad.err;
  EXPECT_NE(bad.err.find("byte 2 (FF)"), std::string::npos) << bad.err;
}

TEST(Segment, IdsAreGivenByThoseThatHaveAVocabularyOnly) {
  const std::string tokenizer = "tokenizer=" + std::string(WELT_TEST_DATA) + "/text/bpe/gpt-neox.json";
  const json limited =
      json::parse(segment("hello world", {"--segmenter", "bpe", "--set", tokenizer, "--json", "--max-bytes", "2"}).out);
  const json whole = json::parse(segment("hello world", {"--segmenter", "bpe", "--set", tokenizer, "--json"}).out);
  EXPECT_EQ(limited["ids"], whole["ids"]);
  EXPECT_LT(whole["words"].size(), limited["words"].size());
  EXPECT_EQ(json::parse(segment("", {"--segmenter", "bpe", "--set", tokenizer, "--json"}).out)["ids"], json::array());
  EXPECT_FALSE(json::parse(segment("hello", with({"--json"}, without_data)).out).contains("ids"));
}

TEST(Segment, OtherSegmenters) {
  EXPECT_EQ(segment("e\xCC\x81x", {"--segmenter", "graphemes"}).out, "\"e\xCC\x81\"\n\"x\"\n");
  EXPECT_EQ(segment("abc", {"--plugin", "bytes", "--set", "size=2"}).out, "\"ab\"\n\"c\"\n");
}

TEST(Segment, OneObject) {
  const json object = json::parse(segment("ok 中", with({"--json"}, without_data)).out);
  EXPECT_EQ(object["words"], json({"ok ", "中"}));
  EXPECT_EQ(object["complete"], "10");
  EXPECT_EQ(object["engine"], "mixed");
  EXPECT_EQ(object["spans"], json::parse(R"([["default", 3], ["jieba", 1]])"));
  EXPECT_NE(object["fingerprint"].get<std::string>().find("chinese: ICU "), std::string::npos);
}

TEST(Segment, ARequestThatCannotBeMetIsAnswered) {
  const Outcome outcome = segment(
      "{\"text\": \"ab\", \"options\": {\"max_bytes\": 1, \"max_characters\": 1}}\n"
      "{\"text\": \"ab\", \"options\": {\"max_byte\": 1}}\n"
      "{\"text\": \"ab\", \"options\": {\"max_bytes\": -1}}\n{\"text\": \"a\\u0000b\"}\n",
      with({"--jsonl"}, without_data));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const std::vector<json> answers = json_lines(outcome.out);
  ASSERT_EQ(answers.size(), 4u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(answers[i].contains("error")) << answers[i];
  EXPECT_EQ(answers[3]["words"], json::array({std::string("a\0b", 3)}));
}

TEST(Segment, ASettingThatIsNotKnownIsAnError) {
  const Outcome outcome = segment("a", {"--set", "chinse=icu"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("chinese"), std::string::npos) << outcome.err;
  EXPECT_NE(segment("a", {"--set", "chinese"}).err.find("KEY=VALUE"), std::string::npos);
}

TEST(BenchText, MeasuresTheTextsThatComeWithTheProgram) {
  const Outcome outcome =
      run_welt({"bench", "text", "--seconds", "0.01", "--repeats", "2", "--json", "--set", "dictionaries=/nowhere"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const json result = json::parse(outcome.out);
  for (const char* text : {"english", "mixture"}) {
    const json& row = result["texts"][text]["segmentation"];
    EXPECT_GT(row["bytes_per_second"]["median"].get<double>(), 1e5);
    EXPECT_GE(row["bytes_per_second"]["max"], row["bytes_per_second"]["min"]);
    EXPECT_FALSE(row["fingerprint"].get<std::string>().empty());
    for (const char* name : {"tokenizer_utf8", "tokenizer_utf16", "tokenizer_utf32", "row_columns", "batch_columns",
                             "training_batches", "text_to_batches", "metrics"}) {
      for (const char* rate : {"units_per_second", "bytes_per_second"})
        EXPECT_GT(result["texts"][text][name][rate]["min"].get<double>(), 0) << name;
    }
  }
  EXPECT_EQ(run_welt({"bench", "text", "--text", "x=/nowhere"}).status, 1);
}

}  // namespace
}  // namespace welt::test
