// A new folder is there whole or not at all, and takes the place of nothing.
#include "core/base/new_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;

void fill(const fs::path& folder) { std::ofstream(folder / "file") << "text"; }

TEST(NewFolder, IsMadeWithTheFoldersAboveItAndMayTakeAnEmptyOne) {
  const test::TempFolder folder;
  write_new_folder(folder / "a/b/", fill);
  EXPECT_TRUE(fs::exists(folder / "a/b/file"));
  fs::create_directory(folder / "empty");
  write_new_folder(folder / "empty", fill);
  EXPECT_TRUE(fs::exists(folder / "empty/file"));
}

// An empty file and a link were removed.
TEST(NewFolder, TakesThePlaceOfNothing) {
  const test::TempFolder folder;
  std::ofstream(folder / "file");
  fs::create_symlink("nowhere", folder / "dangling");
  fs::create_directory(folder / "empty");
  fs::create_directory_symlink("empty", folder / "link");
  for (const char* name : {"file", "dangling", "link"}) {
    EXPECT_CONTAINS(test::error_of([&] { write_new_folder(folder / name, fill); }), "something of that name");
    EXPECT_TRUE(fs::exists(fs::symlink_status(folder / name))) << name;
  }
  EXPECT_CONTAINS(test::error_of([&] { write_new_folder("", fill); }), "no name");
}

TEST(NewFolder, IsNotThereAfterAnErrorOfTheFileSystem) {
  const test::TempFolder folder;
  const std::string message =
      test::error_of([&] { write_new_folder(folder / "new", [&](const fs::path&) { fs::copy_file("none", "new"); }); });
  EXPECT_CONTAINS(message, "Nothing was written");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 0);
}

}  // namespace
}  // namespace welt
