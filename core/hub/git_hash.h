// How git names a file's content: SHA-1 over "blob SIZE\0" and the bytes. The Hugging Face hub's entity tag of every
// file that it does not keep as a large one (those have their SHA-256); told apart by their length. No protection from
// somebody who wants a collision.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace welt {

class GitHash {
 public:
  explicit GitHash(std::uint64_t size);  // of the content
  void add(std::string_view bytes);
  std::string digits();  // 40 hex digits; once, at the end

 private:
  void block(const std::uint8_t* bytes);
  std::array<std::uint32_t, 5> state_{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  std::array<std::uint8_t, 64> rest_{};
  std::uint64_t size_ = 0;
};

enum class HashKind { none, sha256, git };
// What a tag can be checked by: 64 or 40 hex digits in small letters, else nothing.
HashKind hash_kind(std::string_view tag);

// The hash of that kind of a file, as hex digits; "" for none.
std::string hash_file(const std::filesystem::path& path, HashKind kind);

}  // namespace welt
