// `welt bench data` as a user runs it: what it counts, and what it refuses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

TEST(BenchDataVerb, CountsTheDocumentsOfFilesAndOfPreparedFolders) {
  const TempFolder folder;
  folder.put("rows.jsonl", "{\"text\": \"one two\"}\n{\"text\": \"three\"}\n");
  const std::string rows = (folder / "rows.jsonl").string(), prepared = (folder / "prepared").string();
  const Outcome made = run_welt({"data", "prepare", "--dataset_name", rows, "--language", "eng_Latn",
                                 "--train_split_units", "100", "--output_path", prepared});
  ASSERT_EQ(made.status, 0) << made.err;
  for (const std::string& path : {rows, prepared}) {
    const Outcome outcome = run_welt({"bench", "data", path, "--repeats", "2", "--json"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto found = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(found["documents"], 2) << path;
    EXPECT_EQ(found["bytes"], 12) << path;
    EXPECT_GE(found["seconds"]["max"], found["seconds"]["min"]);
  }
}

TEST(BenchDataVerb, RefusesAFolderThatIsNotWhole) {
  const TempFolder folder;
  folder.put("a-train-metadata.json",
             R"({"format": "welt-preprocessed-v1", "split": "train", "num_shards": 1, "num_examples": 2})");
  const Outcome outcome = run_welt({"bench", "data", (folder / ".").string()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("metadata"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace welt::test
