// SHA-256 (FIPS 180-4) over bytes that come in pieces. Most callers want sha256() or sha256_file() of file.h.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace welt {

class Sha256 {
 public:
  void add(std::string_view bytes);
  std::string finish();  // 64 hex digits; nothing may be added afterwards

 private:
  void block(const std::uint8_t* bytes);  // 64 bytes
  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace welt
