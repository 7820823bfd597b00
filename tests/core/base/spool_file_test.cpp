#include "core/base/spool_file.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/base/atomic_file.h"
#include "core/base/file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

TEST(SpoolFile, GivesBackWhatWasAppendedAndLeavesNothingBehind) {
  const test::TempFolder folder;
  {
    SpoolFile spool(folder / "target");
    spool.append("words ", 6);
    spool.append("and more", 8);
    const auto bytes = spool.map();
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "words and more");
    EXPECT_EQ(spool.size(), 14u);
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // it has no name
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(SpoolFile, CopiesMoreThanAPieceAndNothing) {
  const test::TempFolder folder;
  std::string bytes(3'000'001, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 997) bytes[i] = static_cast<char>('a' + i % 23);
  for (const std::string& text : {bytes, std::string()}) {
    SpoolFile spool(folder / "target");
    spool.append(text.data(), text.size());
    AtomicFile out(folder / "target");
    spool.copy_to(out);
    out.commit();
    EXPECT_EQ(read_file(folder / "target") == text, true);
  }
}

TEST(SpoolFile, NothingAppendedIsNothing) {
  const test::TempFolder folder;
  EXPECT_TRUE(SpoolFile(folder / "target").map().empty());
}

TEST(SpoolFile, AFolderThatIsNotThereIsNamedBeforeAnyWork) {
  EXPECT_CONTAINS(test::error_of([] { SpoolFile("/nowhere/at/all/out.npy"); }), "/nowhere/at/all/out.npy");
}

}  // namespace
}  // namespace welt
