// [data]: what a recipe says about the rows of its text, and the mixture of several texts, as a user trains with it.
#include "tests/apps/training.h"

namespace welt::test {
namespace {

class DataKeysSlow : public Training {
 protected:
  void SetUp() override {
    Training::SetUp();
    std::string rows, lines;
    for (int i = 0; i < 40; ++i) {
      const std::string en = "verse " + std::to_string(i * 7919 % 101), de = "Vers " + std::to_string(i % 9);
      rows += Json{{"translation", {{"en", en}, {"de", de}}}, {"language", "x"}}.dump() + "\n";
      rows += Json{{"translation", {{"en", "left"}, {"de", "out"}}}, {"language", "y"}}.dump() + "\n";
      if (i < 30) lines += "<en>" + en + "<de> " + de + "\n";
    }
    rows_ = folder_.put("rows.jsonl", rows).string();
    lines_ = folder_.put("lines.txt", lines).string();
  }
  Outcome train_on(const std::string& file, const std::vector<std::string>& keys) const {
    std::vector<std::string> arguments{"--set", "data.train.files=[\"" + file + "\"]"};
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    return train(arguments);
  }
  std::string rows_, lines_;
};

TEST_F(DataKeysSlow, TemplateLanguageAndLimitMakeTheDocuments) {
  const std::vector<std::string> keys{"data.train.format=jsonl", "data.language=x", "data.limit=30",
                                      "data.template=[\"<en>{translation[en]}<de> \", \"{translation[de]}\"]"};
  const Outcome outcome = train_on(rows_, keys);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const std::map<int, double> found = losses();
  fs::remove_all(run_folder());
  ASSERT_EQ(train_on(lines_, {}).status, 0);
  EXPECT_EQ(found, losses()) << "the same documents, as lines";
}

TEST_F(DataKeysSlow, WhatARowLacksIsNamed) {
  const Outcome missing = train_on(rows_, {"data.train.format=jsonl", "data.template=[\"{translation[fr]}\"]"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_CONTAINS(missing.err, "rows.jsonl:1");
  const Outcome lines = train_on(lines_, {"data.template=[\"{text}\"]"});
  EXPECT_EQ(lines.status, 1);
  EXPECT_CONTAINS(lines.err, "text without fields");
  const Outcome three = train_on(rows_, {"data.train.format=jsonl", "data.template=[\"a\", \"b\", \"c\"]"});
  EXPECT_EQ(three.status, 1);
  EXPECT_CONTAINS(three.err, "data.template: 3 texts");
}

}  // namespace
}  // namespace welt::test
