// Vocabularies of teachers beside those of model2vec (tests/goldens/distill/make_distill.py), and what is refused.
#include "core/similarity/teacher_vocabulary.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt::similarity {
namespace {

namespace fs = std::filesystem;
using test::error_of;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "distill";

// By id; ids are 0, 1, 2, …
std::vector<std::string> tokens_of(const std::string& tokenizer) {
  const nlohmann::json vocabulary = nlohmann::json::parse(tokenizer).at("model").at("vocab");
  std::vector<std::string> tokens(vocabulary.size());
  for (const auto& [token, id] : vocabulary.items()) tokens.at(id.get<std::size_t>()) = token;
  return tokens;
}

TEST(TeacherVocabularyParity, KeepsTheTokensThatModel2VecKeeps) {
  for (const char* teacher : {"bert", "llama"}) {
    const TeacherVocabulary vocabulary = read_teacher_vocabulary(goldens / teacher / "tokenizer.json");
    const std::vector<std::string> expected =
        nlohmann::json::parse(read_file(goldens / teacher / "expected_tokens.json"));
    EXPECT_EQ(tokens_of(vocabulary.tokenizer), expected) << teacher;
    EXPECT_EQ(vocabulary.tokens, expected) << teacher;
  }
}

TEST(TeacherVocabulary, FramesATokenAsTheTeacherFramesAText) {
  using Ids = std::vector<std::int64_t>;
  const TeacherVocabulary bert = read_teacher_vocabulary(goldens / "bert/tokenizer.json");
  EXPECT_EQ(bert.before, Ids{3});      // [CLS]
  EXPECT_EQ(bert.behind, Ids{4});      // [SEP]
  EXPECT_EQ(bert.token_ids.at(2), 7);  // the third that is kept is the teacher's seventh
  const TeacherVocabulary llama = read_teacher_vocabulary(goldens / "llama/tokenizer.json");
  EXPECT_EQ(llama.before, Ids{0});
  EXPECT_EQ(llama.behind, Ids{});
  EXPECT_EQ(llama.token_ids.front(), 3);
}

TEST(TeacherVocabulary, APatternSaysWhatGoes) {
  const auto without = [](const std::string& pattern) {
    return tokens_of(read_teacher_vocabulary(goldens / "bert/tokenizer.json", pattern).tokenizer);
  };
  const std::size_t all = without("").size();
  EXPECT_EQ(without("##").size(), all - 4);
  EXPECT_EQ(without("at").size(), all);  // at a token's beginning only
  EXPECT_CONTAINS(error_of([&] { without("[a"); }), "[a");
  // The model needs its unknown token.
  EXPECT_EQ(without(".*"), std::vector<std::string>{"[UNK]"});
}

TEST(TeacherVocabulary, RefusalsNameTheFile) {
  const test::TempFolder folder;
  for (const char* text : {"", "{", "{}", "[1]", R"({"model": {"type": "BPE", "vocab": [], "merges": []}})",
                           "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"}) {
    const fs::path path = folder.put("tokenizer.json", text);
    EXPECT_CONTAINS(error_of([&] { read_teacher_vocabulary(path); }), path.string());
  }
  EXPECT_CONTAINS(error_of([&] { read_teacher_vocabulary(folder / "none.json"); }), "none.json");
}

}  // namespace
}  // namespace welt::similarity
