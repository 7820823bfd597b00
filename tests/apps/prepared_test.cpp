// Training from a folder that `welt data prepare` or the Python tool has written: data.prepared.
#include "tests/apps/training.h"
#include "tests/core/data/gzip.h"

namespace welt::test {
namespace {

class PreparedSlow : public Training {
 protected:
  void SetUp() override {
    Training::SetUp();
    std::string lines;
    for (int i = 0; i < 80; ++i)
      lines += R"({"text": "verse )" + std::to_string(i * 7919 % 101) +
               R"( of the small book: let there be words."})"
               "\n";
    folder_.put("book.jsonl", lines);
    ASSERT_EQ(prepare("prepared", {"--validation_split_units", "60"}).status, 0);
  }
  Outcome prepare(const std::string& output, const std::vector<std::string>& more) const {
    std::vector<std::string> words{"data",
                                   "prepare",
                                   "--dataset_name",
                                   folder_ / "book.jsonl",
                                   "--language",
                                   "eng_Latn",
                                   "--output_path",
                                   folder_ / output,
                                   "--train_split_units",
                                   "500",
                                   "--num_units_per_file",
                                   "200"};
    words.insert(words.end(), more.begin(), more.end());
    return run_welt(words);
  }
  // The recipe of Training with the prepared text in place of its own.
  Outcome train_prepared(const std::string& folder, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> settings{"--set", "data.train.files=[]", "--set",
                                      "data.prepared=\"" + (folder_ / folder).string() + "\""};
    settings.insert(settings.end(), more.begin(), more.end());
    return train(settings);
  }
  Json inputs() const { return Json::parse(slurp(run_folder() / "inputs.json")); }
};

TEST_F(PreparedSlow, TrainsResumesAndRefusesShardsThatChanged) {
  const std::vector<std::string> shorter{"--set", "train.schedule=constant", "--set", "train.steps=4"};
  const Outcome first = train_prepared("prepared", shorter);
  ASSERT_EQ(first.status, 0) << first.err;
  EXPECT_CONTAINS(first.err, "data.prepared has held-out text of its own");
  const Json pinned = inputs().at("text");
  EXPECT_EQ(pinned.size(), 1U);
  EXPECT_EQ(pinned.at("data.prepared").size(), 4U) << "three shards of train, one of validation: " << pinned.dump();
  const std::vector<std::string> longer{"--set", "train.schedule=constant", "--resume"};
  ASSERT_EQ(train_prepared("prepared", longer).status, 0);
  const std::map<int, double> resumed = losses();
  ASSERT_EQ(resumed.size(), 6U);
  EXPECT_EQ(run_welt({"evaluate", run_folder().string()}).status, 0);
  EXPECT_EQ(run_welt({"validate", (run_folder() / "recipe.toml").string()}).status, 0);

  fs::remove_all(run_folder());
  ASSERT_EQ(train_prepared("prepared", {"--set", "train.schedule=constant"}).status, 0);
  EXPECT_EQ(losses(), resumed) << "an unbroken run";

  ASSERT_EQ(prepare("prepared", {"--validation_split_units", "60", "--seed", "7", "--overwrite"}).status, 0);
  std::vector<std::string> further{"--resume", "--set", "train.schedule=constant", "--set", "train.steps=8"};
  const Outcome refused = train_prepared("prepared", further);
  EXPECT_EQ(refused.status, 1);
  EXPECT_CONTAINS(refused.err, "--allow-changes data.prepared");
  further.insert(further.end(), {"--allow-changes", "data.prepared"});
  EXPECT_EQ(train_prepared("prepared", further).status, 0);
}

// The same documents, in the order of the shards, as files: the losses tell.
TEST_F(PreparedSlow, ReadsWhatItsShardsHold) {
  ASSERT_EQ(train_prepared("prepared").status, 0);
  const std::map<int, double> prepared = losses();
  fs::remove_all(run_folder());
  const std::string shards = (folder_ / "prepared").string() + "/book-";
  const Outcome files =
      train({"--set", "data.train.files=[\"" + shards + "train-*.jsonl.gz\"]", "--set", "data.train.format=auto",
             "--set", "data.validation.files=[\"" + shards + "validation-*.jsonl.gz\"]"});
  ASSERT_EQ(files.status, 0) << files.err;
  EXPECT_EQ(losses(), prepared);
}

TEST_F(PreparedSlow, HoldsOutAShareWhereTheFolderHasNoValidation) {
  ASSERT_EQ(prepare("bare", {}).status, 0);
  const Outcome outcome = train_prepared("bare");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.err.find("not used"), std::string::npos) << outcome.err;
  EXPECT_TRUE(Json::parse(slurp(run_folder() / "summary.json")).contains("after"));
}

TEST_F(PreparedSlow, RefusesAFolderThatIsNotWhole) {
  EXPECT_CONTAINS(train({"--set", "data.prepared=\"" + (folder_ / "prepared").string() + "\""}).err,
                  "data.train.files is given too");
  const Outcome missing = train_prepared("nowhere");
  EXPECT_EQ(missing.status, 1);
  EXPECT_CONTAINS(missing.err, "data.prepared: there is no file");
  fs::remove(fs::path(folder_ / "prepared") / "book-train-00000001.jsonl.gz");
  EXPECT_CONTAINS(train_prepared("prepared").err, "book/train: 2 shards are there, its metadata say 3");
  fs::remove(fs::path(folder_ / "prepared") / "book-train-metadata.json");
  const Outcome unfinished = train_prepared("prepared");
  EXPECT_EQ(unfinished.status, 1);
  EXPECT_CONTAINS(unfinished.err, "book-train-00000000.jsonl.gz belongs to no metadata file");
  fs::create_directory(folder_ / "empty");
  EXPECT_CONTAINS(train_prepared("empty").err, "no *-metadata.json is in it");
}

// As the Python tool writes it: fields of its own order, shards of one gzip member each.
TEST_F(PreparedSlow, TakesAFolderOfThePythonTool) {
  const fs::path folder = folder_ / "python";
  fs::create_directory(folder);
  std::string lines;
  for (int i = 0; i < 30; ++i)
    lines += R"({"text": "and he said )" + std::to_string(i) +
             R"( words \ud83d\ude00.", "language": "eng_Latn", "id": )" + std::to_string(i) + "}\n";
  for (const std::string split : {"train", "validation"}) {
    std::ofstream(folder / ("ds-" + split + "-00000000.jsonl.gz"), std::ios::binary) << gzip(lines);
    folder_.put(
        "python/ds-" + split + "-metadata.json",
        R"({"format": "welt-preprocessed-v1", "unit_type": "words", "source_dataset": "ds", "source_config": null,
 "source_split": "train", "language": "eng_Latn", "max_seq_length": null, "seed": 42, "text_column": "text",
 "text_template": null, "split": ")" +
            split + R"(", "created_with_another_split": true, "num_examples": 30,
 "total_units": 150, "num_shards": 1})");
  }
  const Outcome outcome = train_prepared("python");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

}  // namespace
}  // namespace welt::test
