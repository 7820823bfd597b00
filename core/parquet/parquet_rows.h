// The rows of a Parquet file, each as the JSON object that its columns make: lists as arrays, structs as objects, maps
// as objects, times as ISO 8601 has them, decimals and what is no text as strings (base64). Apache Arrow's C++ library
// is in no Debian 12 package, hence this reader. Read: data pages 1 and 2; none, snappy, gzip, zstd; plain, dictionary,
// runs, deltas and split streams. Not read: encryption, brotli, lz4.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace welt {

// [one thread at a time] Memory: a page and a dictionary of each column.
class ParquetRows {
 public:
  // Throws Error naming the file and what is wrong with it, here and below.
  explicit ParquetRows(const std::filesystem::path& path);
  ~ParquetRows();
  ParquetRows(const ParquetRows&) = delete;
  ParquetRows& operator=(const ParquetRows&) = delete;
  std::int64_t rows() const;
  bool next(std::string& row);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace welt
