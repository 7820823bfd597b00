// Lines of a plain or gzip-compressed file, with their byte offsets. Used by source.cpp and `welt embed`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

namespace welt {

class LineReader {
 public:
  virtual ~LineReader() = default;
  // The next line without "\n" or "\r\n", valid until the next call; `offset` counts from the start of the
  // (decompressed) text. False at the end.
  virtual bool next(std::string_view& line, std::uint64_t& offset) = 0;
  // All that is left, as it is. Valid as long as the reader.
  virtual std::string_view rest() = 0;

  // Throws Error when the file cannot be read; next() and rest() throw when it turns out to be damaged.
  static std::unique_ptr<LineReader> open(const std::filesystem::path& path);
};

}  // namespace welt
