// `welt data` where paths are no UTF-8, disks are full, and a folder was written by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/base/utf8.h"
#include "tests/apps/run_welt.h"

namespace welt::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> preparing(const fs::path& from, const fs::path& to, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"data", "prepare", "--dataset_name", from.string(), "--output_path", to.string(),
                             "--language", "und", "--train_split_units", "100000"});
  return more;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(DataHardInputSlow, APreparedFolderIsADataSet) {
  const TempFolder folder;
  folder.put("book/train.jsonl", "{\"text\": \"one two three\"}\n{\"text\": \"four five\"}\n");
  ASSERT_EQ(run_welt(preparing(folder / "book", folder / "made")).status, 0);
  const Outcome again = run_welt(preparing(folder / "made", folder / "again", {"--dry-run"}));
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_CONTAINS(again.out, "2 rows: 0 without text");
  EXPECT_CONTAINS(again.err, "passed over, metadata of a preparation: book-train-metadata.json");
}

TEST(DataHardInputSlow, PathsThatAreNotUtf8AreReadWrittenAndNamed) {
  const TempFolder folder;
  const fs::path from = folder / "caf\xE9", made = folder / "out\xFF", page = folder / "page\xFF.html";
  folder.put("caf\xE9/train.jsonl", "{\"text\": \"one two three four five\"}\n");
  const Outcome prepared = run_welt(preparing(from, made));
  ASSERT_EQ(prepared.status, 0) << prepared.err;
  EXPECT_EQ(names_in(made),
            (std::vector<std::string>{"caf\xE9-train-00000000.jsonl.gz", "caf\xE9-train-metadata.json"}));
  EXPECT_EQ(nlohmann::json::parse(slurp(made / "caf\xE9-train-metadata.json"))["num_examples"], 1);
  const Outcome verified = run_welt({"data", "verify", "--data_path", made.string(), "--deep", "--json"});
  EXPECT_EQ(nlohmann::json::parse(verified.out)["status"], "pass") << verified.out;
  const Outcome stats = run_welt({"data", "stats", (from / "train.jsonl").string(), "--json", "--html", page.string()});
  EXPECT_EQ(nlohmann::json::parse(stats.out)["words"], 5) << stats.out;
  EXPECT_EQ(find_invalid_utf8(slurp(page)), utf8_ok) << "the page names the path";
  const Outcome missing = run_welt(preparing(folder / "caf\xE8", folder / "none"));
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(find_invalid_utf8(missing.err), utf8_ok) << missing.err;
  EXPECT_CONTAINS(missing.err, "Did you mean");
}

// A limit on file sizes makes writes fail as a full disk does (EFBIG instead of ENOSPC).
TEST(DataHardInputSlow, AFullDiskLeavesWholeShardsAndIsResumed) {
  const TempFolder folder;
  std::string rows;
  for (int i = 0; i < 60; ++i) rows += "{\"text\": \"a b c d e\"}\n";
  std::mt19937 random(1);
  rows += "{\"text\": \"";  // letters at random, which stay large when they are compressed
  for (int i = 0; i < 60'000; ++i) rows += i % 100 == 99 ? ' ' : static_cast<char>('a' + random() % 26);
  const fs::path file = folder.put("big.jsonl", rows + "\"}\n");
  const std::vector<std::string> shards{"--num_units_per_file", "200", "--shuffle_buffer_size", "1"};
  const Outcome full = run_welt(preparing(file, folder / "out", shards), "ulimit -f 16;");
  EXPECT_EQ(full.status, 1);
  EXPECT_CONTAINS(full.err, "big-train-00000001.jsonl.gz: cannot be written");
  EXPECT_EQ(names_in(folder / "out"),
            (std::vector<std::string>{".big-prepare-state.json", "big-train-00000000.jsonl.gz"}));
  std::vector<std::string> resumed = shards;
  resumed.push_back("--resume");
  const Outcome rest = run_welt(preparing(file, folder / "out", resumed));
  ASSERT_EQ(rest.status, 0) << rest.err;
  ASSERT_EQ(run_welt(preparing(file, folder / "whole", shards)).status, 0);
  ASSERT_EQ(names_in(folder / "out"), names_in(folder / "whole"));
  for (const std::string& name : names_in(folder / "out"))
    EXPECT_EQ(slurp(folder / "out" / name), slurp(folder / "whole" / name)) << name;
}

TEST(DataHardInputSlow, AnAnswerThatCannotBeWrittenIsAnError) {
  const TempFolder folder;
  const fs::path file = folder.put("a.jsonl", "{\"text\": \"one two\"}\n");
  for (const char* json : {"", " --json"}) {
    const Outcome outcome =
        run_command(shell_quoted(WELT_BINARY) + " data stats " + shell_quoted(file) + json + " > /dev/full");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_CONTAINS(outcome.err, "No space left on device");
  }
}

}  // namespace
}  // namespace welt::test
