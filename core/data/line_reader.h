// The lines of a text, with their byte offsets: how every verb reads a text a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/data/text_stream.h"

namespace welt {

class LineReader {
 public:
  explicit LineReader(TextStream text) : text_(std::move(text)), start_(text_.begin()) {}
  explicit LineReader(const std::filesystem::path& path) : LineReader(TextStream(path)) {}
  // `file`, or standard input where it is "-".
  static LineReader of_file_or_stdin(const std::string& file);

  // The next line without "\n" or "\r\n", valid until the next call; `offset` counts from the start of the
  // (decompressed) text. False at the end. Throws Error as TextStream does, and for a line of more than a gigabyte.
  bool next(std::string_view& line, std::uint64_t& offset);
  // Whether next() has a whole line without reading, which may have to wait.
  bool has_line() const { return buffer_.find('\n', at_) != std::string::npos; }
  // All that is left, as it is. Valid as long as the reader.
  std::string_view rest();
  const TextStream& text() const { return text_; }

 private:
  TextStream text_;
  std::string buffer_;
  std::size_t at_ = 0;   // of buffer_: where the next line begins
  std::uint64_t start_;  // offset of buffer_ in the text
};

}  // namespace welt
