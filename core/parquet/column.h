// A column of a group of rows: its entries in order, page by page, with the levels that say where lists begin and
// what is null. One page is in memory at a time, and the column's dictionary. Used by parquet_rows.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/parquet/footer.h"
#include "core/parquet/values.h"

namespace welt::parquet {

// Any part of a file. Throws Error naming it where it cannot be read, or was cut meanwhile.
class PartsOfFile {
 public:
  explicit PartsOfFile(const std::filesystem::path& path);
  ~PartsOfFile();
  PartsOfFile(const PartsOfFile&) = delete;
  PartsOfFile& operator=(const PartsOfFile&) = delete;
  std::uint64_t size() const { return size_; }
  std::string read(std::uint64_t begin, std::uint64_t size) const;

 private:
  std::filesystem::path path_;
  int file_;
  std::uint64_t size_ = 0;
};

class ColumnReader {
 public:
  ColumnReader(const PartsOfFile& file, const Node& leaf, const Chunk& chunk);
  // Of the entry that comes next. Throw Fault at the end of the column.
  int repetition() { return look(), repetition_; }
  int definition() { return look(), definition_; }
  bool ended();
  // Goes on behind it. The value of one whose definition is the leaf's highest; `bytes` of it last until the next call.
  const Value& take();

 private:
  struct PageHead;
  void look();
  void next_page();
  PageHead read_head();
  void read_dictionary(const PageHead& head, std::string_view body);
  void begin_page(const PageHead& head, std::string_view body);
  std::string unpacked(std::string_view packed, std::int64_t size) const;

  const PartsOfFile& file_;
  const Node& leaf_;
  Chunk chunk_;
  std::uint64_t at_, end_;  // in the file
  std::int64_t left_;       // entries of the column
  std::int64_t page_left_ = 0;
  std::string page_, dictionary_page_;
  std::vector<Value> dictionary_;
  bool has_dictionary_ = false, has_looked_ = false;
  RunReader repetitions_, definitions_;
  int repetition_ = 0, definition_ = 0;
  std::unique_ptr<ValueReader> values_;
  Value value_;
};

}  // namespace welt::parquet
