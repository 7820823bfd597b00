// The lines of a text, with their byte offsets: how every verb reads a text a line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/data/text_stream.h"

namespace welt {

// What is held in memory at once. A line may have `line` bytes. One of more than `suspicious` bytes, or a text that is
// read whole, may not be `ratio` times what it is packed in: the gzip of a page of zeros is 1,000 times smaller, that
// of text of this length 3 to 100 times. Many short lines may, whatever they are packed in.
struct LineLimits {
  std::size_t line = std::size_t{1} << 30, suspicious = std::size_t{1} << 26;
  std::uint64_t ratio = 500;
};

class LineReader {
 public:
  explicit LineReader(TextStream text, LineLimits limits = {})
      : text_(std::move(text)), limits_(limits), start_(text_.begin()) {}
  explicit LineReader(const std::filesystem::path& path, LineLimits limits = {})
      : LineReader(TextStream(path), limits) {}
  // `file`, or standard input where it is "-".
  static LineReader of_file_or_stdin(const std::string& file);

  // The next line without "\n" or "\r\n", valid until the next call; `offset` counts from the start of the
  // (decompressed) text. False at the end. Throws Error as TextStream does, and for a line beyond the limits.
  bool next(std::string_view& line, std::uint64_t& offset);
  // Whether next() has a whole line without reading, which may have to wait.
  bool has_line() const { return buffer_.find('\n', at_) != std::string::npos; }
  // All that is left, as it is. Valid as long as the reader.
  std::string_view rest();
  const TextStream& text() const { return text_; }
  const LineLimits& limits() const { return limits_; }

 private:
  void check_packed(std::size_t size, std::uint64_t packed) const;

  TextStream text_;
  LineLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;   // of buffer_: where the next line begins
  std::uint64_t start_;  // offset of buffer_ in the text
};

}  // namespace welt
