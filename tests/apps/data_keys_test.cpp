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

TEST_F(DataKeysSlow, AMixtureTrainsAndResumesWithTheLossesOfAnUnbrokenRun) {
  const std::string sources = "data.sources=[{files = [\"" + rows_ +
                              "\"], name = \"pairs\", template = \"{translation[en]}\", weight = 1}, "
                              "{files = [\"" +
                              lines_ + "\"], format = \"lines\", weight = 3}]";
  const auto run = [&](std::vector<std::string> keys, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments;
    keys.insert(keys.end(), {sources, "data.train.files=[]", "data.train.format=jsonl", "train.schedule=constant"});
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return train(arguments);
  };
  const Outcome plan = run({}, {"--dry-run"});
  ASSERT_EQ(plan.status, 0) << plan.err;
  EXPECT_CONTAINS(plan.out, "pairs");
  EXPECT_CONTAINS(plan.out, "share");
  const Outcome first = run({"train.steps=3"});
  ASSERT_EQ(first.status, 0) << first.err;
  const Outcome second = run({}, {"--resume"});
  ASSERT_EQ(second.status, 0) << second.err;
  const std::map<int, double> resumed = losses();
  EXPECT_EQ(Json::parse(slurp(run_folder() / "summary.json")).at("sources").size(), 2U);
  fs::remove_all(run_folder());
  ASSERT_EQ(run({}).status, 0);
  EXPECT_EQ(losses(), resumed);
}

// A run of before there were windows says nothing of them: its text is still one.
TEST_F(DataKeysSlow, ARunThatBeganWithoutWindowsIsNotResumedInThem) {
  ASSERT_EQ(train_on(lines_, {"train.steps=3", "train.schedule=constant", "data.window_words=0"}).status, 0);
  const fs::path recipe = run_folder() / "recipe.toml";
  std::string text = slurp(recipe);
  const std::size_t begin = text.find("window_words");
  ASSERT_NE(begin, std::string::npos);
  text.erase(begin, text.find('\n', begin) + 1 - begin);
  std::ofstream(recipe) << text;
  const auto resume = [&](const std::string& windows) {
    return train({"--set", "data.train.files=[\"" + lines_ + "\"]", "--set", "train.schedule=constant", "--set",
                  "data.window_words=" + windows, "--resume"});
  };
  const Outcome other = resume("40");
  EXPECT_EQ(other.status, 1);
  EXPECT_CONTAINS(other.err, "data.window_words = 0 goes on as then");
  const Outcome same = resume("1000000");
  EXPECT_EQ(same.status, 0) << same.err;
}

TEST_F(DataKeysSlow, AWrongTableOfAMixtureIsNamed) {
  const auto refusal = [&](const std::string& table) {
    const Outcome outcome =
        train({"--set", "data.sources=[" + table + "]", "--set", "data.train.files=[]", "--set", "run_dir=nowhere"});
    EXPECT_EQ(outcome.status, 1) << table;
    return outcome.err;
  };
  const std::string files = "files = [\"" + lines_ + "\"], format = \"lines\"";
  EXPECT_CONTAINS(refusal("{" + files + ", wieght = 1}"), "Did you mean weight?");
  EXPECT_CONTAINS(refusal("{name = \"x\"}"), "0 of files, prepared and from");
  EXPECT_CONTAINS(refusal("{" + files + ", weight = 1}, {" + files + "}"), "1 of 2 sources have a weight");
  EXPECT_CONTAINS(refusal("{" + files + ", weight = 1, repeat = 2}"), "weight is given too");
  EXPECT_CONTAINS(refusal("{" + files + ", repeat = 0}"), "repeat");
  EXPECT_CONTAINS(refusal("{" + files + ", split = \"train\"}"), "no `from`");
  EXPECT_CONTAINS(refusal("{files = [\"nothing.txt\"]}"), "there is no file \"nothing.txt\"");
  EXPECT_CONTAINS(train({"--set", "data.sources=[{" + files + "}]"}).err, "data.train.files is given too");
}

}  // namespace
}  // namespace welt::test
