// Folders of data sets: what their cards may say, and in which cache of the hub they lie.
#include "core/data/dataset_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using test::error_of;

class DatasetFolder : public testing::Test {
 protected:
  std::vector<fs::path> found(const std::string& card) const {
    folder_.put("texts/README.md", "---\nconfigs:\n- config_name: default\n" + card + "---\n");
    return find_dataset_files((folder_ / "texts").string(), {}, "train").files;
  }
  test::TempFolder folder_;
};

TEST_F(DatasetFolder, ACardsDataFolderLiesInTheDataSets) {
  const fs::path inside = folder_.put("texts/d/e/train.jsonl", "{\"text\": \"a\"}\n");
  folder_.put("secret/train.jsonl", "{\"text\": \"b\"}\n");
  for (const char* good : {"d/e", "./d/e/", "d//e"}) {
    const std::vector<fs::path> files = found(std::string("  data_dir: ") + good + "\n");
    ASSERT_EQ(files.size(), 1U) << good;
    EXPECT_EQ(files[0], inside);
  }
  for (const std::string& bad :
       {std::string("../secret"), std::string("d/../../secret"), std::string("/"), (folder_ / "secret").string()})
    EXPECT_CONTAINS(error_of([&] { found("  data_dir: " + bad + "\n"); }), "leads out of the data set's folder");
  EXPECT_EQ(found("  data_dir: [d, e]\n").size(), 1U) << "no text: as if it were not there";
}

TEST_F(DatasetFolder, CardsThatAreNestedOrFullOfStarsAreAnswered) {
  folder_.put("texts/" + std::string(50, 'd') + "/train.jsonl", "{\"text\": \"a\"}\n");
  std::string stars, deep = "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/train.jsonl";
  folder_.put("texts/" + deep, "{\"text\": \"a\"}\n");
  for (int i = 0; i < 20; ++i) stars += "**/a/";
  EXPECT_CONTAINS(error_of([&] { found("  data_files: \"" + stars + "nothing\"\n"); }), "no file fits");
  EXPECT_EQ(found("  data_files: \"" + stars + "**\"\n").size(), 1U);
  const std::string brackets = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_EQ(found("  data_files: " + brackets + "\n").size(), 2U) << "no patterns: as if they were not there";
}

// They were read as rows: "not JSON".
TEST_F(DatasetFolder, MetadataOfAPreparationAreNoRows) {
  const std::string metadata = "{\n  \"format\": \"welt-preprocessed-v1\",\n  \"split\": \"train\"\n}";
  const fs::path shard = folder_.put("made/book-train-00000000.jsonl.gz", "");
  folder_.put("made/book-train-metadata.json", metadata);
  const auto train = [&](const char* name) { return find_dataset_files((folder_ / name).string(), {}, "train").files; };
  EXPECT_EQ(train("made"), std::vector<fs::path>{shard});
  const fs::path rows = folder_.put("made/film-train-metadata.json", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n");
  const fs::path other = folder_.put("made/play-train-metadata.json", "{\"format\": \"mine\", \"text\": \"c\"}");
  const fs::path broken = folder_.put("made/song-train-metadata.json", "{");
  EXPECT_EQ(train("made"), (std::vector<fs::path>{shard, rows, other, broken}));
  folder_.put("left/book-train-metadata.json", metadata);
  EXPECT_CONTAINS(error_of([&] { train("left"); }), "of a preparation only the metadata: book-train-metadata.json");
}

TEST_F(DatasetFolder, OfSeveralCachesTheOneThatHasItWholeIsTaken) {
  const std::string commit(40, 'a'), below = "datasets--org--texts/snapshots/" + commit + "/data/";
  const auto put = [&](const std::string& cache, int shard) {
    const std::string name = "train-0000" + std::to_string(shard) + "-of-00002.jsonl";
    folder_.put(cache + "datasets--org--texts/refs/main", commit);
    return folder_.put(cache + below + name, "{\"text\": \"a\"}\n");
  };
  put("first/", 0);
  const fs::path whole = put("second/hub/", 0);
  put("second/hub/", 1);
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  ::setenv("HF_HUB_CACHE", (folder_ / "first").c_str(), 1);
  ::setenv("HF_HOME", (folder_ / "second").c_str(), 1);
  const std::vector<fs::path> files = find_dataset_files("org/texts", {}, "train").files;
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0], whole);
  ::unsetenv("HF_HOME");
  EXPECT_CONTAINS(error_of([] { find_dataset_files("org/texts", {}, "train"); }), "train-00001-of-00002.jsonl");
  ::unsetenv("HF_HUB_CACHE");
  ::unsetenv("HF_HUB_OFFLINE");
}

}  // namespace
}  // namespace welt
