// The recipes of recipes/experiments and the script that makes their data, on a text small enough to wait for.
#include <nlohmann/json.hpp>

#include <set>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path recipes = fs::path(WELT_SOURCE_DIR) / "recipes/experiments";

class ExperimentsSlow : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string text;
    for (const char* noun : {"cat", "dog", "bird", "fish", "horse", "sheep", "goat", "bear", "wolf", "hare"})
      for (const char* verb : {"sees", "hears", "follows", "knows", "leaves"})
        text += std::string("the ") + noun + " " + verb + " a small house by the river.\n";
    text_ = folder_.put("text.txt", text);
  }

  // Its folder. Without a package, for the data sets that take a text.
  fs::path make_data(const std::string& name, const std::string& folder) const {
    const fs::path out = folder_ / folder;
    const Outcome made = run_command("python3 " + shell_quoted(WELT_SOURCE_DIR "/scripts/make_experiment_data.py") +
                                     " " + name + " --text " + shell_quoted(text_) + " --out " + shell_quoted(out));
    EXPECT_EQ(made.status, 0) << made.err;
    return out;
  }

  static std::vector<Json> rows_of(const fs::path& file) {
    std::vector<Json> rows;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) rows.push_back(Json::parse(line));
    return rows;
  }

  static std::vector<std::string> with_data(std::vector<std::string> arguments, const fs::path& data) {
    for (const auto& [key, file] : {std::pair{"train", "train.jsonl"}, {"validation", "held-out.jsonl"}})
      arguments.insert(arguments.end(), {"--set", std::string("data.") + key + ".files=" + (data / file).string()});
    return arguments;
  }

  TempFolder folder_;
  fs::path text_;
};

TEST_F(ExperimentsSlow, TheSameTextGivesTheSameRowsAndNoneIsInBothParts) {
  for (const char* name : {"string_repetition", "letter_count", "bpe"}) {
    const fs::path first = make_data(name, "first"), second = make_data(name, "second");
    std::set<std::string> trained;
    for (const char* file : {"train.jsonl", "held-out.jsonl"}) {
      EXPECT_EQ(slurp(first / file), slurp(second / file)) << name;
      const std::vector<Json> rows = rows_of(first / file);
      EXPECT_FALSE(rows.empty()) << name << " " << file;
      for (const Json& row : rows) {
        const std::string text = row.at("text");
        EXPECT_EQ(text, row.at("prefix").get<std::string>() + row.at("completion").get<std::string>());
        EXPECT_CONTAINS(text, "\x0e");
        if (file == std::string("train.jsonl"))
          trained.insert(text);
        else
          EXPECT_FALSE(trained.contains(text)) << name << ": " << text;
      }
    }
  }
  const Json tokenizer = Json::parse(slurp(folder_ / "first/tokenizer.json"));
  EXPECT_GT(tokenizer.at("model").at("merges").size(), 20u);
  EXPECT_EQ(tokenizer.at("model").at("vocab").size(), 256 + tokenizer.at("model").at("merges").size());
}

TEST_F(ExperimentsSlow, LettersAreCounted) {
  for (const Json& row : rows_of(make_data("letter_count", "letters") / "train.jsonl"))
    if (row.at("prefix") == "<text>\x0esheep\x0f<count> ") {
      EXPECT_EQ(row.at("completion"), "e: 2, h: 1, p: 1, s: 1");
      return;
    }
  FAIL() << "\"sheep\" is in the text and not in the rows";
}

TEST_F(ExperimentsSlow, EveryRecipeIsValid) {
  const fs::path data = make_data("bpe", "data");
  int count = 0;
  for (const auto& entry : fs::directory_iterator(recipes)) {
    std::vector<std::string> arguments = with_data({"validate", entry.path().string()}, data);
    if (entry.path().stem() == "bpe")
      arguments.insert(arguments.end(),
                       {"--set", "model.segmenter.config.tokenizer=" + (data / "tokenizer.json").string()});
    const Outcome outcome = run_welt(arguments);
    EXPECT_EQ(outcome.status, 0) << entry.path() << outcome.err;
    ++count;
  }
  EXPECT_GE(count, 7);
}

TEST_F(ExperimentsSlow, FirstStepsTrainAndWrite) {
  for (const auto& [recipe, data_set] : {std::pair{"letter_count", "letter_count"}, {"ocr", "string_repetition"}}) {
    const Outcome run = run_welt(with_data({"run",   (recipes / (std::string(recipe) + ".toml")).string(),
                                            "--set", "run_dir=" + (folder_ / "runs").string(),
                                            "--set", "train.steps=8",
                                            "--set", "train.batch=2",
                                            "--set", "train.words=32",
                                            "--set", "train.eval_every=0",
                                            "--set", "train.best_metric=\"\"",
                                            "--set", "train.eval_rows=2",
                                            "--set", "evaluate.rows=1",
                                            "--set", "generate.words=3",
                                            "--set", "samples.count=0"},
                                           make_data(data_set, data_set)));
    ASSERT_EQ(run.status, 0) << recipe << run.err;
    const Json summary = Json::parse(slurp(folder_ / "runs" / recipe / "summary.json"));
    EXPECT_LT(summary.at("after").at("loss"), summary.at("before").at("loss")) << recipe;
    EXPECT_TRUE(summary.at("after").contains("chrf")) << recipe;
    EXPECT_EQ(summary.at("after").contains("wer"), recipe == std::string("letter_count"));
  }
}

}  // namespace
}  // namespace welt::test
