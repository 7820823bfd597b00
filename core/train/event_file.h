// TensorBoard's event files: scalars by step, for whoever watches many runs there.
//
// Format: TFRecord (length, its checksum, data, its checksum; CRC-32C, masked) around tensorflow.Event messages in
// protocol buffers' wire format. A file grows by whole records; a kill leaves at most a cut one, which readers skip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace welt {

// [one thread]
class EventFile {
 public:
  // A new file in `folder`, which is made. `resumed_at`: what older files there say of later steps does not count.
  explicit EventFile(const std::filesystem::path& folder, std::int64_t resumed_at = 0);

  // Throws Error when it cannot be written; the file then ends in its last whole record.
  void scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

  const std::filesystem::path& path() const { return path_; }

 private:
  void append(const std::string& event);
  std::filesystem::path path_;
};

// CRC-32C (Castagnoli), as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace welt
