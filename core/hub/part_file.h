// A file that is filled from its end on, by one process at a time, over several tries. Used by hub_client.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace welt {

class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& path);  // made, or what is there; throws Error
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  std::uint64_t size() const { return size_; }
  // At the end. False when it cannot be written, and from then on: no exception goes through libcurl. check() throws.
  bool write(std::string_view bytes);
  void check() const;
  void cut(std::uint64_t size);
  void sync();

 private:
  [[noreturn]] void fail_errno(std::string_view action, int error) const;
  std::filesystem::path path_;
  int file_ = -1, error_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace welt
