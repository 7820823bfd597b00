// UTF-8 bytes of words, as the model reads and writes them. All encodings, with BOS and EOS: tokenizer.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace welt {

// The longest beginning of well-formed `text` with at most `limit` bytes that cuts no code point.
std::string_view truncate_utf8(std::string_view text, std::size_t limit);

// The text of ids: PAD, BOS and EOS are left out when `skip_special`, ill-formed bytes always.
std::string decode_bytes(std::span<const std::uint8_t> ids, bool skip_special);

inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace welt
