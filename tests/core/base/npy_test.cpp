// .npy files byte by byte, as NumPy's format description has them.
#include "core/base/npy.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "core/base/file.h"
#include "core/base/spool_file.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

TEST(Npy, HeaderIsMagicVersionLengthAndDictionary) {
  const std::string header = npy_header({12, 7}, "<f4");
  EXPECT_EQ(header.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(header.size() % 64, 0u);
  const std::size_t length = static_cast<unsigned char>(header[8]) | static_cast<unsigned char>(header[9]) << 8;
  EXPECT_EQ(10 + length, header.size());
  EXPECT_TRUE(header.substr(10).starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (12, 7), } "));
  EXPECT_EQ(header.find('\n'), header.size() - 1);
  EXPECT_NE(npy_header({1, 1}, "<u8").find("'<u8'"), std::string::npos);
}

TEST(Npy, EveryLengthOfTheDictionaryEndsOnTheGrid) {
  for (std::int64_t rows = 1; rows < 1'000'000'000'000'000; rows *= 10)
    EXPECT_EQ(npy_header({rows, 3}, "<f4").size() % 64, 0u) << rows;
}

TEST(Npy, DataFollowTheHeaderRowByRow) {
  const test::TempFolder folder;
  const std::array<float, 6> values{1, 2, 3, 4, 5, 6};
  SpoolFile spool(folder / "a.npy");
  spool.append(values.data(), sizeof values);
  write_npy(folder / "a.npy", {2, 3}, "<f4", spool);
  const std::string text = read_file(folder / "a.npy"), header = npy_header({2, 3}, "<f4");
  ASSERT_EQ(text.size(), header.size() + sizeof values);
  EXPECT_TRUE(text.starts_with(header));
  EXPECT_EQ(std::memcmp(text.data() + header.size(), values.data(), sizeof values), 0);
}

TEST(Npy, NoRowsAreAFileWithoutData) {
  const test::TempFolder folder;
  write_npy(folder / "a.npy", {0, 3}, "<f4", SpoolFile(folder / "a.npy"));
  EXPECT_EQ(read_file(folder / "a.npy"), npy_header({0, 3}, "<f4"));
}

}  // namespace
}  // namespace welt
