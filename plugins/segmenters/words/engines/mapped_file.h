// A file in memory, read only: pages come when they are used.
#pragma once

#include <filesystem>
#include <string_view>

namespace welt::words {

class MappedFile {
 public:
  // Throws sdk::Failure where it cannot be opened or is empty.
  explicit MappedFile(const std::filesystem::path& file);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::string_view bytes() const { return bytes_; }  // aligned to a page

 private:
  std::string_view bytes_;
};

}  // namespace welt::words
