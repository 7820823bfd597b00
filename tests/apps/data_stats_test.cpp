// `welt data stats` as a person runs it.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json figures(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"data", "stats"});
  arguments.emplace_back("--json");
  const Outcome outcome = run_welt(arguments);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  return outcome.status == 0 ? json::parse(outcome.out) : json();
}

TEST(DataStats, TellsOfFilesAndPreparedFolders) {
  const TempFolder folder;
  folder.put(
      "rows.jsonl",
      "{\"text\": \"let there be light\", \"language\": \"eng_Latn\"}\n{\"text\": \"es werde Licht\", \"language\": "
      "\"deu_Latn\"}\n{\"text\": \"let there be light\"}\n");
  const json rows = figures({(folder / "rows.jsonl").string()});
  EXPECT_EQ(rows["documents"], 3);
  EXPECT_EQ(rows["words"], 11);
  EXPECT_EQ(rows["languages"].size(), 2U);
  EXPECT_EQ(rows["duplicates"]["exact"], 1);
  EXPECT_EQ(figures({(folder / "rows.jsonl").string(), "--language", "deu_Latn"})["words"], 3);
  EXPECT_EQ(figures({(folder / "rows.jsonl").string(), "--text_template", "{text} {text}", "--limit", "1"})["words"],
            8);
  ASSERT_EQ(run_welt({"data", "prepare", "--dataset_name", folder / "rows.jsonl", "--language", "und",
                      "--train_split_units", "20", "--output_path", folder / "prepared"})
                .status,
            0);
  const json prepared = figures({(folder / "prepared").string()});
  EXPECT_EQ(prepared["words"], 11);
  EXPECT_EQ(prepared["languages"][0]["documents"], 3);
}

TEST(DataStats, WritesAPageThatNeedsNothingElse) {
  const TempFolder folder;
  folder.put("text.txt", "a <b> & c\nand \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D\n");
  const Outcome outcome =
      run_welt({"data", "stats", folder / "text.txt", "--format", "lines", "--html", folder / "s.html"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_CONTAINS(outcome.out, "Hebrew");
  EXPECT_CONTAINS(outcome.out, "Distinct words over the size of the corpus");
  const std::string page = slurp(folder / "s.html");
  for (const char* part : {"<!doctype html>", "<svg", "Distinct words over words read", "&lt;b&gt;", "Hebrew"})
    EXPECT_CONTAINS(page, part);
  for (const char* outside : {"http", "src=\"", "<script", "url("})
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
}

TEST(DataStats, SaysWhatIsWrong) {
  const TempFolder folder;
  EXPECT_EQ(run_welt({"data", "stats"}).status, 2);
  const Outcome missing = run_welt({"data", "stats", folder / "none.txt"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_CONTAINS(missing.err, "no file fits");
  folder.put("empty.txt", "\n");
  EXPECT_CONTAINS(run_welt({"data", "stats", folder / "empty.txt", "--format", "lines"}).err, "no text");
  folder.put("bad.txt", "a\xFFz");
  EXPECT_EQ(run_welt({"data", "stats", folder / "bad.txt"}).status, 1);
  EXPECT_EQ(run_welt({"data", "stats", folder / "bad.txt", "--on_invalid", "replace"}).status, 0);
}

// Segmenter, rows and text of a recipe.
TEST(DataStats, TakesARecipe) {
  const json f = figures({"--recipe", "recipes/quickstart.toml", "--set", "train.words=64"});
  EXPECT_EQ(f["padding"]["words"], 64);
  EXPECT_GT(f["padding"]["rows"].get<int>(), 1000);
}

TEST(DataStats, TakesOnInvalidOfTheRecipeUnlessItIsSaidOtherwise) {
  const TempFolder folder;
  const fs::path bad = folder.put("bad.txt", "a good line\na\xFFz\n");
  const std::vector<std::string> recipe = {"data",     "stats",
                                           "--recipe", "recipes/quickstart.toml",
                                           "--set",    "data.train.files=[\"" + bad.string() + "\"]",
                                           "--set",    "data.train.format=\"lines\""};
  const auto status = [&](std::vector<std::string> more) {
    more.insert(more.begin(), recipe.begin(), recipe.end());
    return run_welt(more).status;
  };
  EXPECT_EQ(status({}), 1);
  EXPECT_EQ(status({"--set", "data.train.on_invalid=\"skip\""}), 0);
  EXPECT_EQ(status({"--set", "data.train.on_invalid=\"skip\"", "--on_invalid", "error"}), 1);
  EXPECT_EQ(status({"--on-invalid", "replace"}), 0);
}

}  // namespace
}  // namespace welt::test
