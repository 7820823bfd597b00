// The rows of a Parquet file, each as the JSON object that its columns make: lists as arrays, structs as objects, maps
// as objects, times as ISO 8601 has them, decimals and what is no text as strings (base64). Apache Arrow's C++ library
// is in no Debian 12 package, hence this reader. Read: data pages 1 and 2; none, snappy, gzip, zstd, brotli, lz4 (raw);
// plain, dictionary, runs, deltas and split streams. Not read: encryption, lzo, lz4 in Hadoop's frames.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace welt {

// [one thread at a time] Memory: a page (up to 1 GB, and 1000 times what it is packed in) and a dictionary (of up to
// 128 MB) of each column, and a row of up to 1 GB.
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
