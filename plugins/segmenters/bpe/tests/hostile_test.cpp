// A tokenizer.json that lies: an error that names the place, or a defined result; never a crash, never a hang.
#include <gtest/gtest.h>
#include <welt/sdk/base.hpp>

#include "bpe_files.h"

namespace welt {
namespace {

using nlohmann::json;

std::string complaint(const std::string& text) {
  try {
    const tokenizers::Tokenizer tokenizer(text, 1 << 16);
  } catch (const sdk::Failure& failure) {
    return failure.what();
  }
  return "accepted";
}

TEST(BpeHostile, complaints_name_the_place_what_was_found_and_what_would_do) {
  struct Case {
    const char *pointer, *value, *place;
  };
  const std::vector<Case> cases = {
      {"/model/type", R"("Other")", "model.type: found \"Other\"; expected one of BPE, WordPiece"},
      {"/model/type", R"("Unigram")", "model.vocab: found an object; expected a list"},
      {"/model", "null", "model"},
      {"/model/vocab", "[]", "model.vocab"},
      {"/model/vocab", "null", "model.vocab"},
      {"/model/vocab/a", "-1", "model.vocab[\"a\"]: found -1"},
      {"/model/vocab/a", "1.5", "model.vocab[\"a\"]"},
      {"/model/vocab/a", "2147483648", "model.vocab[\"a\"]"},
      {"/model/vocab/a", "1e300", "model.vocab[\"a\"]"},
      {"/model/vocab/a", "\"7\"", "model.vocab[\"a\"]"},
      {"/model/vocab/a", "5", "id 5 for both"},
      {"/model/merges", "{}", "model.merges"},
      {"/model/merges/3", "\"a b c\"", "model.merges[3]"},
      {"/model/merges/3", "\"ab\"", "model.merges[3]"},
      {"/model/merges/3", "\" a\"", "model.merges[3]"},
      {"/model/merges/3", "[\"a\"]", "model.merges[3]"},
      {"/model/merges/3", "[\"a\", 1]", "model.merges[3]"},
      {"/model/merges/3", "[\"nowhere\", \"a\"]", "\"nowhere\" is not in model.vocab"},
      {"/model/merges/3", "[\"x\", \"q\"]", "\"xq\" is not in model.vocab"},
      {"/model/dropout", "0.5", "model.dropout"},
      {"/model/fuse_unk", "1", "model.fuse_unk"},
      {"/model/unk_token", "7", "model.unk_token"},
      {"/normalizer", R"({"type": "Other"})", "normalizer.type: found \"Other\"; expected one of"},
      {"/normalizer", R"({"type": "Prepend"})", "normalizer.prepend"},
      {"/normalizer", R"({"type": "Replace", "pattern": {"Regex": "("}, "content": ""})", "normalizer.pattern.Regex"},
      {"/normalizer", R"({"type": "Replace", "pattern": {}, "content": ""})", "normalizer.pattern"},
      {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, 3]})", "normalizer.normalizers[1]"},
      {"/pre_tokenizer", R"({"type": "Other"})", "pre_tokenizer.type"},
      {"/pre_tokenizer", R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Gone"})",
       "pre_tokenizer.behavior"},
      {"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})", "pre_tokenizer.replacement"},
      {"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "some"})",
       "pre_tokenizer.prepend_scheme"},
      {"/pre_tokenizer", "[]", "pre_tokenizer"},
      {"/added_tokens", "{}", "added_tokens"},
      {"/added_tokens/0/content", "null", "added_tokens[0].content"},
      {"/added_tokens/0/id", "-3", "added_tokens[0].id"},
      {"/added_tokens/0/lstrip", "\"yes\"", "added_tokens[0].lstrip"},
  };
  const json good = test::golden_tokenizer("gpt-neox");
  for (const Case& each : cases) {
    json bad = good;
    bad[json::json_pointer(each.pointer)] = json::parse(each.value);
    const std::string message = complaint(bad.dump());
    EXPECT_NE(message.find(each.place), std::string::npos) << each.pointer << " " << each.value << ": " << message;
    EXPECT_NE(message.find("expected"), std::string::npos) << message;
  }
}

TEST(BpeHostile, texts_that_are_no_tokenizer) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("3"), std::string("{\"model\": \"\\ud800\"}"),
        std::string("{\"model\":\xFF}"), std::string("{}\0{}", 5), std::string(200000, '['), [] {
          std::string nested;
          for (int i = 0; i < 100000; ++i) nested += "{\"normalizer\":";
          return nested;
        }()})
    EXPECT_EQ(complaint(text).rfind("tokenizer.json", 0), 0u) << text.substr(0, 20) << ": " << complaint(text);
  json nested = {{"type", "NFC"}};
  for (int i = 0; i < 20; ++i) nested = {{"type", "Sequence"}, {"normalizers", {nested}}};
  json bad = test::golden_tokenizer("gpt-neox");
  bad["normalizer"] = nested;
  EXPECT_NE(complaint(bad.dump()).find("Sequence"), std::string::npos);
}

TEST(BpeHostile, a_long_added_token_and_too_many_merges) {
  json bad = test::golden_tokenizer("gpt-neox");
  bad["added_tokens"][0]["content"] = std::string(513, 'a');
  EXPECT_NE(complaint(bad.dump()).find("513 bytes"), std::string::npos);
  bad["added_tokens"][0]["content"] = std::string(511, 'a') + "b";  // begins at every letter of the text
  const tokenizers::Tokenizer slow = test::make_bpe(bad);
  EXPECT_THROW(slow.encode(std::string(300'000, 'a')), sdk::Failure);
}

// Once it filled all memory: every step doubles the bytes of a letter, as does every replacement.
TEST(BpeHostile, steps_that_each_double_the_text_are_told) {
  json doubling = test::golden_tokenizer("gpt-neox"), replacing = doubling;
  const json level = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  doubling["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", std::vector<json>(40, level)}};
  const json twice = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "aa"}};
  replacing["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::vector<json>(40, twice)}};
  for (const json& bad : {doubling, replacing}) {
    const tokenizers::Tokenizer tokenizer = test::make_bpe(bad);
    EXPECT_FALSE(tokenizer.encode("b").empty());
    try {
      tokenizer.encode("aé");
      ADD_FAILURE() << "accepted";
    } catch (const sdk::Failure& failure) {
      EXPECT_NE(std::string(failure.what()).find("no more than 256 for each of its bytes"), std::string::npos);
    }
  }
}

TEST(BpeHostile, an_unknown_token_that_is_none_is_told_when_it_is_needed) {
  json bad = test::golden_tokenizer("llama-2");
  bad["model"]["byte_fallback"] = false;
  bad["model"]["unk_token"] = "<none>";
  const tokenizers::Tokenizer tokenizer = test::make_bpe(bad);
  EXPECT_FALSE(tokenizer.encode("a").empty());
  EXPECT_THROW(tokenizer.encode("a🜚"), sdk::Failure);
}

// Random damage: bytes of the file, and values of its tree.
TEST(BpeHostile, damaged_files_give_words_or_a_failure) {
  std::mt19937 random(7);
  json base = test::golden_tokenizer("llama-3");
  auto& vocabulary = base["model"]["vocab"];
  base["model"]["merges"].erase(base["model"]["merges"].begin() + 40, base["model"]["merges"].end());
  for (auto it = vocabulary.begin(); it != vocabulary.end();)  // small, so that thousands fit in the time of a test
    it = it.value().get<int>() > 340 ? vocabulary.erase(it) : std::next(it);
  base["normalizer"] = json::parse(R"({"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"},
      {"type": "Replace", "pattern": {"Regex": "a+|\\s"}, "content": " b"}, {"type": "Prepend", "prepend": "x"}]})");
  const std::string text = test::random_text(random, 12), good = base.dump();
  ASSERT_EQ(complaint(good), "accepted");
  const std::string letters = "\"{}[]:,\\()*+?|09-eE.Lpn\x80\xFF \0a";
  const json flat = base.flatten();
  std::vector<std::string> paths;
  for (const auto& [path, value] : flat.items())
    if (!path.starts_with("/model/vocab") && !path.starts_with("/model/merges")) paths.push_back(path);
  const std::vector<json> values = {nullptr, true, -1, 1e18, "", "a", "Regex", json::array(), json::object(), "(a*)*b"};
  int accepted = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string bad = good;
    if (i % 2 == 0) {
      for (std::size_t k = 0; k <= random() % 3; ++k) {
        // The head of the file holds all that is not a list of tokens.
        const std::size_t at = random() % (random() % 4 == 0 ? bad.size() : std::min<std::size_t>(bad.size(), 700));
        if (random() % 3 == 0)
          bad.erase(at, random() % 5);
        else
          bad[at] = letters[random() % letters.size()];
      }
    } else {
      json changed = base;
      const json::json_pointer at(paths[random() % paths.size()]);
      changed[at] = values[random() % values.size()];
      if (random() % 4 == 0) changed[at.parent_pointer()] = values[random() % values.size()];
      bad = changed.dump();
    }
    try {
      const tokenizers::Tokenizer tokenizer(bad, 1 << 16);
      ++accepted;
      const auto words = tokenizer.words(text, true);
      ASSERT_EQ(words.empty() ? 0 : words.back().end, text.size());
    } catch (const sdk::Failure& failure) {
      ASSERT_FALSE(std::string(failure.what()).empty());
    }
  }
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, 1400);
}

}  // namespace
}  // namespace welt
