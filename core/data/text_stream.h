// Text of a file, a pipe or standard input, as every verb reads it: decompressed where it is gzip, without a byte order
// mark at its start, and refused where its first bytes say that it is no text in UTF-8.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace welt {

// The last ending of a file's name in small letters: ".gz" of "a.txt.GZ".
std::string small_ending(const std::filesystem::path& path);
// "a.txt" of "a.txt.gz": the name without the ending of a compression that is read here.
std::filesystem::path without_compression(std::filesystem::path path);

class TextStream {
 public:
  // Throws Error when the file cannot be read or is something else (an archive, UTF-16, an HTML page, a pointer …).
  explicit TextStream(const std::filesystem::path& path);
  static TextStream standard_input();
  TextStream(TextStream&&) noexcept;
  TextStream& operator=(TextStream&&) noexcept;
  ~TextStream();

  const std::string& name() const;  // the path, or "standard input"
  bool is_compressed() const;
  // Of compressed text: how much of the file has become the text so far, more() included.
  std::uint64_t packed_bytes() const;
  // Offset of the first byte of the (decompressed) text: 3 behind a byte order mark, else 0.
  std::uint64_t begin() const;
  // Appends what comes next; false at the end, which for gzip is that of the last member with the file's end behind it.
  // Throws Error when the file is damaged, or was cut while it was read.
  bool more(std::string& text);

 private:
  struct State;
  explicit TextStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace welt
