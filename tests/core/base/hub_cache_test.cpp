// The cache of the Hugging Face hub: what its files say is taken at its word only where it stays inside.
#include "core/base/hub_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/data/dataset_folder.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(HubCache, NamesAreThoseOfTheHub) {
  for (const char* name : {"gpt2", "org/name", "a-b/c_d.e"}) EXPECT_TRUE(is_hub_name(name)) << name;
  for (const char* name : {"", "/name", "org/", "a/b/c", "../x", "org/..", "a b"})
    EXPECT_FALSE(is_hub_name(name)) << name;
}

TEST(HubCache, ACommitIsReadWithoutItsEndOfLine) {
  const test::TempFolder folder;
  const fs::path repository = hub_repository(folder.path(), "models", "org/name");
  EXPECT_EQ(repository.filename(), "models--org--name");
  write(repository / "refs" / "main", "abc\n");
  EXPECT_EQ(hub_commit(repository, "main"), "abc");
  EXPECT_FALSE(hub_commit(repository, "other"));
  EXPECT_FALSE(hub_commit(repository, "../refs/main"));
}

// Before: the end of the line was part of the folder's name, and a commit could lead out of the cache.
TEST(HubCache, ADataSetIsFoundThereAndNowhereElse) {
  const test::TempFolder folder;
  const fs::path repository = folder / "datasets--org--texts";
  write(repository / "refs" / "main", "abc\n");
  write(repository / "snapshots" / "abc" / "train.jsonl", "{\"text\": \"a\"}\n");
  write(folder / "outside" / "train.jsonl", "{\"text\": \"b\"}\n");
  ::setenv("HF_HUB_CACHE", folder.path().c_str(), 1);
  ::setenv("HF_HUB_OFFLINE", "1", 1);
  EXPECT_EQ(find_dataset_files("org/texts", {}, "train").files.size(), 1U);
  EXPECT_EQ(find_dataset_files("org/texts@abc", {}, "train").files.size(), 1U);
  write(repository / "refs" / "main", "../../outside");
  EXPECT_ANY_THROW(find_dataset_files("org/texts", {}, "train"));
  EXPECT_ANY_THROW(find_dataset_files("org/texts@../../outside", {}, "train"));
  ::unsetenv("HF_HUB_CACHE");
  ::unsetenv("HF_HUB_OFFLINE");
}

}  // namespace
}  // namespace welt
