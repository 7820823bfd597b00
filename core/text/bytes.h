// The byte tokenizer: a word's ids are its UTF-8 bytes between BOS (2) and EOS (3); PAD is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace welt {

// The longest beginning of well-formed `text` with at most `limit` bytes that cuts no code point.
std::string_view truncate_utf8(std::string_view text, std::size_t limit);

// BOS, bytes, EOS. With max_length ≥ 2 at most that many ids: the text is cut between code points; 0: no limit. Throws
// Error for max_length 1 or below 0.
std::vector<std::uint8_t> byte_ids(std::string_view text, std::int64_t max_length = 0);

// The text of ids: PAD, BOS and EOS are left out when `skip_special`, ill-formed bytes always.
std::string decode_bytes(std::span<const std::uint8_t> ids, bool skip_special);

inline std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace welt
