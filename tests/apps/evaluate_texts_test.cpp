// Metrics of texts that a model writes itself, tables by a field, as a user asks for them: in training, in task =
// "evaluate" and by `welt evaluate`.
#include "tests/apps/training.h"

namespace welt::test {
namespace {

class EvaluateTexts : public Training {
 protected:
  void SetUp() override {
    Training::SetUp();
    std::string rows;
    for (int i = 0; i < 6; ++i)
      rows += Json{{"text", "verse " + std::to_string(i) + " of the small book: über words."},
                   {"prefix", "verse " + std::to_string(i) + " of "},
                   {"completion", "the small book"},
                   {"language", i % 3 == 0 ? "de" : "en"}}
                  .dump() +
              "\n";
    rows_ = folder_.put("rows.jsonl", rows).string();
  }
  std::vector<std::string> with_rows(const std::vector<std::string>& keys) const {
    std::vector<std::string> arguments{"--set", "data.validation.fraction=0",
                                       "--set", "data.validation.files=[\"" + rows_ + "\"]",
                                       "--set", "train.eval_rows=0"};
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    return arguments;
  }
  Outcome validate(const std::vector<std::string>& more) const {
    std::vector<std::string> arguments{"validate", (folder_ / "recipe.toml").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_welt(arguments);
  }
  std::string rows_;
};
using EvaluateTextsSlow = EvaluateTexts;

const std::string every_metric = "evaluate.metrics=[\"sacrebleu\",\"chrf\",\"chrf++\",\"wer\",\"cer\",\"exact_match\"]";

TEST_F(EvaluateTextsSlow, WhatCannotBeMeasuredIsRefusedByValidate) {
  const Outcome unknown = validate(with_rows({"evaluate.metrics=[\"chrff\"]"}));
  EXPECT_EQ(unknown.status, 1);
  EXPECT_CONTAINS(unknown.err, "Did you mean \"chrf\"?");
  const Outcome lines = validate({"--set", "evaluate.metrics=[\"chrf\"]"});
  EXPECT_EQ(lines.status, 1);
  EXPECT_CONTAINS(lines.err, "data.validation.files");
  const Outcome missing =
      validate(with_rows({"evaluate.metrics=[\"wer\"]", "evaluate.template=[\"{prefix}\",\"{answer}\"]"}));
  EXPECT_EQ(missing.status, 1);
  EXPECT_CONTAINS(missing.err, "completion");  // which is there
  EXPECT_CONTAINS(missing.err, "evaluate.metrics");
  const Outcome group = validate(with_rows({"evaluate.group_by=langage"}));
  EXPECT_EQ(group.status, 1);
  EXPECT_CONTAINS(group.err, "language");
  const Outcome one = validate(with_rows({"evaluate.metrics=[\"wer\"]", "evaluate.template=[\"{prefix}\"]"}));
  EXPECT_EQ(one.status, 1);
  EXPECT_CONTAINS(one.err, "two");
  const Outcome best = validate(with_rows({"train.best_metric=chrf", "train.eval_every=2"}));
  EXPECT_EQ(best.status, 1);
  EXPECT_CONTAINS(best.err, "evaluate.metrics = [\"chrf\"]");
  EXPECT_EQ(validate(with_rows({every_metric, "evaluate.group_by=language"})).status, 0);
}

TEST_F(EvaluateTexts, ACompletionThatNoRowHasIsRefusedNamingTheMetrics) {
  rows_ = folder_.put("plain.jsonl", "{\"text\": \"and he said\"}\n").string();
  const Outcome found = validate(with_rows({every_metric}));
  EXPECT_EQ(found.status, 1);
  EXPECT_CONTAINS(found.err, "sacrebleu");
  EXPECT_CONTAINS(found.err, "prefix");
  EXPECT_CONTAINS(found.err, "text");
}

TEST_F(EvaluateTextsSlow, TrainingMeasuresWhatItsModelWrites) {
  const Outcome run = train(with_rows({every_metric, "evaluate.group_by=language", "generate.words=4",
                                       "train.eval_every=2", "train.best_metric=cer", "evaluate.samples=2"}));
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_CONTAINS(run.out, "sacrebleu");
  int evaluations = 0, samples = 0;
  std::ifstream in(run_folder() / "log.jsonl");
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text);
    if (line.at("kind") == "sample") {
      ++samples;
      EXPECT_TRUE(line.at("scores").contains("chrf++"));
      EXPECT_EQ(line.at("completion"), "the small book");
    }
    if (line.at("kind") != "evaluation") continue;
    ++evaluations;
    EXPECT_EQ(line.at("texts"), 6);
    EXPECT_EQ(line.at("groups").at("de").at("texts"), 2);
    EXPECT_EQ(line.at("words"),
              line.at("groups").at("de").at("words").get<int>() + line.at("groups").at("en").at("words").get<int>());
    EXPECT_EQ(line.at("bytes"), line.at("characters").get<int>() + 6);  // an umlaut in each
    EXPECT_GE(line.at("exact_match"), 0);
  }
  EXPECT_EQ(evaluations, 4);
  EXPECT_EQ(samples, 8);
  EXPECT_CONTAINS(slurp(run_folder() / "report.html"), "Texts of the last evaluation");
  const Json after = Json::parse(slurp(run_folder() / "summary.json"));
  EXPECT_TRUE(after.at("best").at("metric") == "cer");

  // From the checkpoint the figures are the same, by both ways to ask for them.
  const Outcome again = run_welt({"evaluate", run_folder().string(), "--json"});
  ASSERT_EQ(again.status, 0) << again.err;
  const Json figures = Json::parse(again.out);
  for (const char* name : {"sacrebleu", "chrf", "chrf++", "wer", "cer", "exact_match", "bits_per_character"})
    EXPECT_EQ(figures.at(name), after.at("after").at(name)) << name;
  EXPECT_EQ(figures.at("groups"), after.at("after").at("groups"));
  const Outcome task = run_welt({"run", (run_folder() / "recipe.toml").string(), "--set", "task=evaluate", "--set",
                                 "model.from=" + run_folder().string()});
  ASSERT_EQ(task.status, 0) << task.err;
  EXPECT_CONTAINS(task.out, "language");
  EXPECT_CONTAINS(task.out, "expected: the small book");
}

// Words that the model writes are drawn from generators of their own.
TEST_F(EvaluateTextsSlow, WritingTextsChangesNothingOfTraining) {
  ASSERT_EQ(train(with_rows({"name=plain", "train.eval_every=2"})).status, 0);
  ASSERT_EQ(train(with_rows({"name=written", "train.eval_every=2", every_metric, "generate.temperature=0.8"})).status,
            0);
  EXPECT_EQ(losses("plain"), losses("written"));
}

}  // namespace
}  // namespace welt::test
