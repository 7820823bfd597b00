// Parquet files of pyarrow, row by row against pyarrow's own reading (tests/goldens/parquet), and what is no whole
// file.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/file.h"
#include "core/data/dataset_folder.h"
#include "core/data/rows.h"
#include "core/data/source.h"
#include "core/parquet/json_text.h"
#include "core/parquet/parquet_rows.h"
#include "tests/apps/run_welt.h"
#include "tests/core/base/temp_folder.h"

namespace welt {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using test::error_of;

const fs::path goldens = fs::path(WELT_TEST_DATA) / "parquet";

std::vector<ordered_json> rows_of(const fs::path& file) {
  std::vector<ordered_json> out;
  const auto reader = RowReader::open(file);
  for (RawRow row; reader->next(row);) out.push_back(row_value(row));
  return out;
}

class ParquetParity : public testing::TestWithParam<const char*> {};

TEST_P(ParquetParity, RowsAreThoseThatPyarrowReads) {
  std::vector<ordered_json> wanted;
  std::ifstream lines(goldens / (std::string(GetParam()) + ".jsonl"));
  for (std::string line; std::getline(lines, line);) wanted.push_back(ordered_json::parse(line));
  ASSERT_FALSE(wanted.empty());
  std::vector<ordered_json> found;
  try {
    found = rows_of(goldens / (std::string(GetParam()) + ".parquet"));
  } catch (const Error& error) {
    if (std::string(error.what()).find("built without it") == std::string::npos) throw;
    ASSERT_EQ(std::getenv("CI"), nullptr) << error.what() << " scripts/setup.sh installs what is missing";
    GTEST_SKIP() << error.what();
  }
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(found[i].dump(), wanted[i].dump()) << "row " << i;
}

INSTANTIATE_TEST_SUITE_P(Files, ParquetParity,
                         testing::Values("talk-none", "talk-snappy", "talk-gzip", "talk-zstd", "talk-brotli",
                                         "talk-lz4", "talk-v2", "types", "types-v2", "deltas"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ParquetRows, SeveralGroupsAndPagesAreOneTable) {
  ParquetRows rows(goldens / "many.parquet");
  EXPECT_EQ(rows.rows(), 3000);
  std::string text;
  int count = 0;
  for (; rows.next(text); ++count) {
    const ordered_json row = ordered_json::parse(text);
    ASSERT_EQ(row["n"], count);
    std::string words = "row " + std::to_string(count) + " ";
    for (int i = 0; i < count % 7; ++i) words += "word ";
    ASSERT_EQ(row["text"], words);
    ASSERT_EQ(row["rare"], count % 500 == 0 ? ordered_json(count) : ordered_json());
  }
  EXPECT_EQ(count, 3000);
  EXPECT_FALSE(rows.next(text));
}

TEST(ParquetRows, AFieldIsReadAsThatOfAnyTable) {
  int documents = 0;
  read_documents({.files = {goldens / "many.parquet"}}, [&](const SourceDocument& document) {
    EXPECT_TRUE(document.text.starts_with("row "));
    ++documents;
  });
  EXPECT_EQ(documents, 3000);
  const test::TempFolder folder;
  fs::create_directories(folder / "data");
  fs::copy(goldens / "many.parquet", folder / "data/train-00000-of-00001.parquet");
  const DatasetFiles files = find_dataset_files(folder.path().string(), {}, "train");
  ASSERT_EQ(files.files.size(), 1U);
  RawRow row;
  const auto reader = RowReader::open(files.files[0]);
  ASSERT_TRUE(reader->next(row));
  EXPECT_EQ(row_text(row, "text"), "row 0 ");
  EXPECT_CONTAINS(error_of([&] { row_text(row, "txt"); }), "Did you mean \"text\"?");
  EXPECT_CONTAINS(row.where(), "row 1");
}

TEST(ParquetRows, PreparedAsAnyDataSet) {
  const test::TempFolder folder;
  const test::Outcome done =
      test::run_welt({"data", "prepare", "--dataset_name", (goldens / "many.parquet").string(), "--language",
                      "eng_Latn", "--train_split_units", "100", "--output_path", (folder / "out").string()});
  EXPECT_EQ(done.status, 0) << done.err;
}

// Every byte of a small file changed, one after the other, and every length of it: rows or an Error.
TEST(ParquetRows, DamagedFilesAreErrorsThatNameThem) {
  const test::TempFolder folder;
  const std::string whole = read_file(goldens / "talk-v2.parquet");
  const auto read = [&](const std::string& content) {
    const fs::path file = folder.put("a.parquet", content);
    try {
      rows_of(file);
      return std::string("read");
    } catch (const Error& error) {
      EXPECT_CONTAINS(error.what(), file.string());
      return std::string(error.what());
    }
  };
  EXPECT_EQ(read(whole), "read");
  for (std::size_t size = 0; size < whole.size(); size += 37) EXPECT_NE(read(whole.substr(0, size)), "read") << size;
  int damaged = 0;
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x55);
    damaged += read(other) != "read" ? 1 : 0;
  }
  EXPECT_GT(damaged, 300);
  EXPECT_CONTAINS(read("PAR1" + std::string(20, 'x') + "PAR1"), "longer than the file");
  EXPECT_CONTAINS(read("{\"text\": \"a\"}\n"), "does not begin as a Parquet file");
  EXPECT_CONTAINS(read(whole.substr(0, whole.size() - 4)), "cut off");
}

TEST(ParquetRows, AChangedPageIsToldByItsChecksum) {
  const test::TempFolder folder;
  std::string content = read_file(goldens / "talk-v2.parquet");
  const std::size_t page = content.find("\x28\xB5\x2F\xFD");  // zstd's first bytes
  ASSERT_NE(page, std::string::npos);
  content[page + 9] = static_cast<char>(content[page + 9] ^ 1);
  const fs::path file = folder.put("a.parquet", content);
  EXPECT_CONTAINS(error_of([&] { rows_of(file); }), "checksum");
}

TEST(ParquetText, TimesAtTheEndsOfTheirRangeAreWritten) {
  parquet::Node leaf;
  leaf.type = parquet::Type::int64, leaf.meaning = parquet::Meaning::timestamp, leaf.scale = 1000000000;
  const auto text = [&](std::int64_t number) {
    parquet::Value value;
    value.number = number;
    std::string out;
    parquet::put_value(leaf, value, out);
    return out;
  };
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min()), "\"1677-09-21T00:12:43.145224192\"");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "\"2262-04-11T23:47:16.854775807\"");
  EXPECT_EQ(text(-1), "\"1969-12-31T23:59:59.999999999\"");
}

}  // namespace
}  // namespace welt
