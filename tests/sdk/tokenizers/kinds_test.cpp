// WordPiece, Unigram and WordLevel with their normalizers and pre-tokenizers: ids equal to the library's, and the parts
// that a file may have.
#include <gtest/gtest.h>
#include <welt/tokenizers/tokenizer.h>
#include <welt/sdk/base.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "sdk/tokenizers/json_document.h"

namespace welt::tokenizers {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::int32_t> ids_of(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<std::int32_t> out;
  tokenizer.encode(text, out);
  return out;
}

// tests/goldens/text/tokenizers: made with the library tokenizers by the script there.
TEST(TokenizersParity, IdsAreThoseOfTheLibrary) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(WELT_TEST_DATA "/text/tokenizers")) {
    if (entry.path().extension() != ".json") continue;
    ++files;
    const Tokenizer tokenizer(slurp(entry.path()), 1 << 16), without_cache(slurp(entry.path()), 0);
    std::ifstream lines(fs::path(entry.path()).replace_extension(".jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const json row = json::parse(line);
      const std::string text = row["text"];
      const std::vector<std::int32_t> ids = ids_of(tokenizer, text);
      EXPECT_EQ(json(ids), row["ids"]) << entry.path().filename() << ": " << text;
      EXPECT_EQ(ids_of(without_cache, text), ids);
      std::size_t at = 0, count = 0;
      for (const EncodedToken& token : tokenizer.encode(text)) {
        EXPECT_EQ(token.id, ids[count++]);
        EXPECT_LE(token.begin, token.end);
        EXPECT_LE(token.end, text.size());
      }
      for (const Word& word : tokenizer.words(text, true)) {
        EXPECT_GT(word.end, at);
        at = word.end;
      }
      EXPECT_EQ(at, text.size()) << "words put together are the text";
    }
  }
  EXPECT_GE(files, 5);
}

// Ids alone are found without alignment where nothing but a replaced space stands between text and model.
TEST(Tokenizers, IdsAloneAreThoseOfTheTokens) {
  for (const char* name : {"llama-2", "llama-3", "gpt-neox"}) {
    const Tokenizer tokenizer(slurp(fs::path(WELT_TEST_DATA "/text/bpe") / (std::string(name) + ".json")), 1 << 16);
    std::mt19937 random(3);
    const std::vector<std::string> parts = {" ",
                                            "  ",
                                            "the",
                                            "water",
                                            "\n",
                                            "é",
                                            "日本",
                                            "<s>",
                                            "</s>",
                                            "▁",
                                            "a",
                                            "b",
                                            "<",
                                            "unk>",
                                            "\t",
                                            "😀",
                                            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
    for (const std::size_t count : {0u, 1u, 3u, 40u, 20000u}) {
      std::string text;
      for (std::size_t i = 0; i < count; ++i) text += parts[random() % parts.size()];
      if (count > 1000) text += std::string(100'000, 'x');
      std::vector<std::int32_t> ids;
      for (const EncodedToken& token : tokenizer.encode(text)) ids.push_back(token.id);
      EXPECT_EQ(ids_of(tokenizer, text), ids) << name << count;
    }
  }
}

json word_piece() {
  return json::parse(R"({"model": {"type": "WordPiece", "unk_token": "[UNK]", "max_input_chars_per_word": 6,
      "vocab": {"[UNK]": 0, "ab": 1, "##c": 2, "a": 3, "##bc": 4}}})");
}

TEST(Tokenizers, WordPieceTakesTheLongestOrGivesUp) {
  const Tokenizer tokenizer(word_piece().dump(), 0);
  EXPECT_EQ(ids_of(tokenizer, "abc"), (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(ids_of(tokenizer, "abd"), (std::vector<std::int32_t>{0}));
  EXPECT_EQ(ids_of(tokenizer, "abccccc"), (std::vector<std::int32_t>{0})) << "seven characters";
  EXPECT_EQ(tokenizer.unknown_id(), 0);
  EXPECT_EQ(tokenizer.vocabulary().size(), 5u);
}

TEST(Tokenizers, UnigramTakesTheBestSumAndRunsOfUnknownTogether) {
  const json file = json::parse(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab":
      [["<unk>", 0], ["a", -1], ["b", -1], ["ab", -2.5], ["aba", -2], ["xy", -9]]}})");
  const Tokenizer tokenizer(file.dump(), 0);
  EXPECT_EQ(ids_of(tokenizer, "ab"), (std::vector<std::int32_t>{1, 2}));
  EXPECT_EQ(ids_of(tokenizer, "abab"), (std::vector<std::int32_t>{4, 2}));
  EXPECT_EQ(ids_of(tokenizer, "a??b"), (std::vector<std::int32_t>{1, 0, 2}));
  EXPECT_TRUE(ids_of(tokenizer, "").empty());
}

std::string complaint(const json& file) {
  try {
    const Tokenizer tokenizer(file.dump(), 0);
  } catch (const sdk::Failure& failure) {
    return failure.what();
  }
  return "accepted";
}

TEST(Tokenizers, ComplaintsNameThePlace) {
  const auto with = [](const char* pointer, const char* value) {
    json file = word_piece();
    file[json::json_pointer(pointer)] = json::parse(value);
    return complaint(file);
  };
  EXPECT_EQ(complaint(word_piece()), "accepted");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("/model/type", "\"Other\""), "model.type: found \"Other\""},
      {with("/model/vocab/a", "1"), "id 1 for both"},
      {with("/model/max_input_chars_per_word", "-1"), "model.max_input_chars_per_word"},
      {with("/model", R"({"type": "Unigram", "vocab": [["a"]]})"), "model.vocab[0]"},
      {with("/model", R"({"type": "Unigram", "vocab": [["a", "b"]]})"), "model.vocab[0][1]"},
      {with("/model", R"({"type": "Unigram", "vocab": [["a", 1]], "unk_id": 1})"), "model.unk_id"},
      {with("/model", R"({"type": "WordLevel", "vocab": {"a": 0}})"), "model.unk_token"},
      {with("/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "!"})"), "precompiled_charsmap"},
      {with("/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "/////w=="})"), "precompiled_charsmap"},
      {with("/pre_tokenizer", R"({"type": "FixedLength", "length": 0})"), "pre_tokenizer.length"},
      {with("/pre_tokenizer", R"({"type": "CharDelimiterSplit", "delimiter": "ab"})"), "pre_tokenizer.delimiter"},
  };
  for (const auto& [found, wanted] : cases) EXPECT_NE(found.find(wanted), std::string::npos) << found;
}

TEST(Tokenizers, ATextWithoutAnUnknownTokenIsRefusedWhenOneIsNeeded) {
  const Tokenizer level(R"({"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "no"}})", 0);
  EXPECT_EQ(ids_of(level, "a"), std::vector<std::int32_t>{0});
  EXPECT_THROW(level.encode("b"), sdk::Failure);
  const Tokenizer unigram(R"({"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": null}})", 0);
  EXPECT_THROW(unigram.encode("b"), sdk::Failure);
}

// The parser beside nlohmann's: the same texts are JSON, and mean the same.
TEST(TokenizersJson, ReadsWhatTheStandardSays) {
  const std::string text =
      " {\"a\\u00e9\\ud83d\\ude00\\n\": [1, -2.5e3, true, false, null, \"\", {}], \"b\": \"x\\/\\\"y\"} ";
  const JsonDocument document(text);
  const auto members = document.root().members();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].key, "aé😀\n");
  EXPECT_EQ(members[0].value.items()[1].text(), "-2.5e3");
  EXPECT_TRUE(members[0].value.items()[2].flag);
  EXPECT_EQ(members[1].value.text(), "x/\"y");
  for (const std::string bad : {"",      "{",   "[1,]",    "{\"a\"}",     "{\"a\":1,}",  "01",        "1.",
                                "+1",    "nul", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\u12\"", "\"\n\"",
                                "[1] 2", "'a'", "\"abc",   "{a:1}",       "-",           "1e",        "\xFF"}) {
    EXPECT_FALSE(json::accept(bad)) << bad;
    EXPECT_THROW(JsonDocument{bad}, sdk::Failure) << bad;
  }
}

}  // namespace
}  // namespace welt::tokenizers
