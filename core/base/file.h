// Files: reading whole ones, writing them so that a crash or a full disk never leaves a half or loses the old one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace welt {

// The whole file as text. Throws Error naming the path and the reason.
std::string read_file(const std::filesystem::path& path);

// Writes to a temporary name in the same folder, fsyncs, renames, fsyncs the folder. Throws Error; the old file stays.
void write_file(const std::filesystem::path& path, std::string_view content);

// fsyncs every file below `folder`, the folder, renames it to `target` (must not exist) and fsyncs the parent.
void publish_folder(const std::filesystem::path& folder, const std::filesystem::path& target);

// A read-only mapping of a whole file. bytes() stays valid as long as the object (shared_ptr) lives.
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
