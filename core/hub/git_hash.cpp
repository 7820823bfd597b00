// See git_hash.h. SHA-1: FIPS 180-4.
#include "core/hub/git_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/base/file.h"

namespace welt {

GitHash::GitHash(std::uint64_t size) {
  using namespace std::string_view_literals;
  add(fmt::format("blob {}", size));
  add("\0"sv);
}

void GitHash::block(const std::uint8_t* bytes) {
  std::array<std::uint32_t, 80> w;
  for (std::size_t i = 0; i < 16; ++i)
    w[i] = std::uint32_t{bytes[4 * i]} << 24 | std::uint32_t{bytes[4 * i + 1]} << 16 |
           std::uint32_t{bytes[4 * i + 2]} << 8 | bytes[4 * i + 3];
  for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  auto [a, b, c, d, e] = state_;
  for (std::size_t i = 0; i < 80; ++i) {
    std::uint32_t f = b ^ c ^ d, k = 0xCA62C1D6;
    if (i < 20)
      f = (b & c) | (~b & d), k = 0x5A827999;
    else if (i < 40)
      k = 0x6ED9EBA1;
    else if (i < 60)
      f = (b & c) | (b & d) | (c & d), k = 0x8F1BBCDC;
    const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[i];
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  const std::array<std::uint32_t, 5> more{a, b, c, d, e};
  for (std::size_t i = 0; i < 5; ++i) state_[i] += more[i];
}

void GitHash::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t at = size_ % 64, part = std::min<std::size_t>(64 - at, bytes.size());
    std::memcpy(rest_.data() + at, bytes.data(), part);
    size_ += part;
    bytes.remove_prefix(part);
    if (size_ % 64 == 0) block(rest_.data());
  }
}

std::string GitHash::digits() {
  const std::uint64_t bits = size_ * 8;
  std::string end(1 + (64 + 55 - size_ % 64) % 64, '\0');
  end.front() = '\x80';
  for (int shift = 56; shift >= 0; shift -= 8) end += static_cast<char>(bits >> shift & 0xFF);
  add(end);
  std::string out;
  for (const std::uint32_t word : state_) out += fmt::format("{:08x}", word);
  return out;
}

HashKind hash_kind(std::string_view tag) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::ranges::all_of(tag, is_hex)) return HashKind::none;
  return tag.size() == 64 ? HashKind::sha256 : tag.size() == 40 ? HashKind::git : HashKind::none;
}

std::string hash_file(const std::filesystem::path& path, HashKind kind) {
  if (kind == HashKind::none) return {};
  if (kind == HashKind::sha256) return sha256_file(path);
  GitHash hash(std::filesystem::file_size(path));
  InputFile file(path);
  std::vector<char> buffer(std::size_t{1} << 18);
  while (const std::size_t size = file.read(buffer.data(), buffer.size())) hash.add({buffer.data(), size});
  return hash.digits();
}

}  // namespace welt
