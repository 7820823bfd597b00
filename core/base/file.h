// Files: reading whole ones, writing them so that a crash or a full disk never leaves a half or loses the old one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace welt {

// The whole file as text. Throws Error naming the path and the reason; also when it was cut while it was read.
std::string read_file(const std::filesystem::path& path);

// The bytes of a file, a pipe or standard input, in order. A regular file ends where it ended when it was opened: one
// that was made shorter meanwhile is an Error that names it.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  static InputFile standard_input();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();
  const std::string& name() const { return name_; }  // the path, or "standard input"
  // What is there, at most `room` bytes; 0: the end.
  std::size_t read(char* into, std::size_t room);
  // What is left of a regular file, at most 1 GB: to make room for. 0: not known.
  std::size_t size_left() const;

 private:
  InputFile(std::string name, int file);
  std::string name_;
  int file_;
  bool sized_ = false;
  std::uint64_t size_ = 0, taken_ = 0;  // size_: of a regular file, when it was opened
};

// Throws Error when the first bytes of a file say that it is something else than `expected` ("JSON"): an HTML page, a
// Git LFS pointer, an archive … (welt/common/file_kind.h), with what to do about it.
void refuse_other_kind(std::string_view head, std::string_view name, std::string_view expected);

// Throws Error when it is for want of permission that nothing can be found at `path`. For those about to say that there
// is no such file.
void refuse_unreachable(const std::filesystem::path& path);

// Writes to a temporary name in the same folder, fsyncs, renames, fsyncs the folder. Throws Error; the old file stays.
void write_file(const std::filesystem::path& path, std::string_view content);

// fsyncs every file below `folder`, the folder, renames it to `target` (must not exist) and fsyncs the parent.
void publish_folder(const std::filesystem::path& folder, const std::filesystem::path& target);

// A read-only mapping of a whole file, for weights and plugins: text goes through InputFile. bytes() stays valid as
// long as the object (shared_ptr) lives. Where the file is cut meanwhile, the kernel ends the process at the next look
// at what is gone (SIGBUS); the program says which file it was (cut_files.h).
class MappedFile {
 public:
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}
  const std::byte* data_;
  std::size_t size_;
};

// SHA-256 (FIPS 180-4) of a byte range, or of a file, as 64 hex digits.
std::string sha256(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& path);

}  // namespace welt
