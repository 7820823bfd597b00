// Reading and writing of .safetensors files, without LibTorch. Used by checkpoints, `welt component forward` and tests.
//
// A file is hostile until proven otherwise: open() checks the whole header (length, JSON, dtypes, shapes, offsets,
// overlaps, holes, duplicate names) before any tensor is touched, so that no later read can leave the mapping.
// Format: https://github.com/huggingface/safetensors (8-byte little-endian header length, JSON header, data).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;                 // "F64" "F32" "BF16" "F16" "I64" "I32" "I16" "I8" "U8" "BOOL"; or "F8_E4M3" …, not read
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;   // into the mapping: valid as long as the file object's mapping() is held
};

class SafetensorsFile {
 public:
  // Maps the file and checks its header. Throws Error (data_loss, not_found) naming file and tensor.
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }       // in order of their data
  const SafetensorsEntry* find(std::string_view name) const;                       // null: absent
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Keeps the bytes alive beyond this object (tensors made from a mapping hold it).
  std::shared_ptr<const void> mapping() const { return mapping_; }

 private:
  std::filesystem::path path_;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<const void> mapping_;
};

struct SafetensorsTensor {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  const void* data;                  // contiguous, little-endian; product(shape) × size(dtype) bytes
};

// Writes name order as given, data 8-byte aligned; to a temporary name in the same folder, fsynced, then renamed.
// Throws Error naming the path and errno (disk full: what was there before is untouched).
void write_safetensors(const std::filesystem::path& path, const std::vector<SafetensorsTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {{"format", "pt"}});

std::size_t safetensors_dtype_size(std::string_view dtype);                         // 0: not read here

}  // namespace welt
