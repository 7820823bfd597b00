// Bytes that are collected on the disk, not in memory, until their number is known: for files whose header comes first
// and tells sizes. Used by `welt embed`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace welt {

class AtomicFile;

// Lies in the folder of `target`, where the result will need as much space, without a name: it is gone with the object
// or the process. [one thread at a time]
class SpoolFile {
 public:
  explicit SpoolFile(
      const std::filesystem::path& target);  // throws Error naming the target and errno, as the others do
  ~SpoolFile();
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  void append(const void* data, std::size_t size);
  std::size_t size() const { return size_; }
  // All of it, mapped: valid as long as the object. Nothing may be appended afterwards.
  std::span<const std::byte> map();
  // All of it written to `out`, a piece at a time: it never lies in memory whole.
  void copy_to(AtomicFile& out) const;

 private:
  [[noreturn]] void fail_now(const char* action, int error) const;
  std::filesystem::path target_;
  int file_ = -1;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
};

}  // namespace welt
