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
    EXPECT_EQ(vocabulary.ids.size(), expected.size()) << teacher;
  }
}

TEST(TeacherVocabulary, FramesATokenAsTheTeacherFramesAText) {
  const auto bert = read_teacher_vocabulary(goldens / "bert/tokenizer.json").ids;
  EXPECT_EQ(bert.front(), (std::vector<std::int64_t>{3, 0, 4}));  // [CLS] [PAD] [SEP]
  EXPECT_EQ(bert.at(2), (std::vector<std::int64_t>{3, 7, 4}));    // the third that is kept is the teacher's seventh
  EXPECT_EQ(read_teacher_vocabulary(goldens / "llama/tokenizer.json").ids.front(), (std::vector<std::int64_t>{0, 3}));
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
