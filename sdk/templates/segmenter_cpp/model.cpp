// See model.h.
#include "model.h"

#include <welt/sdk/utf8.h>

#include <algorithm>
#include <welt/sdk/base.hpp>

namespace my_plugin_model {
namespace {

namespace sdk = welt::sdk;

// Accents, variation selectors, skin tones and the joiner belong to the character before them. Every script's clusters
// take a table of Unicode's.
bool is_mark(std::uint32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x20D0 && c <= 0x20FF) || (c >= 0xFE00 && c <= 0xFE0F) ||
         (c >= 0x1F3FB && c <= 0x1F3FF) || c == 0x200D;
}

}  // namespace

Rule::Rule(std::string_view separators) : separators_(separators) {
  const bool ascii = std::ranges::all_of(separators, [](unsigned char c) { return c < 0x80; });
  if (separators.empty() || !ascii) {
    throw sdk::invalid("separators is \"" + separators_ + "\"; expected one or more ASCII characters", "separators");
  }
}

std::uint64_t Rule::word_end(std::string_view text, std::uint64_t begin, bool is_final, const Limits& limits) const {
  std::uint64_t at = begin, cluster = begin;  // cluster: where the last character that is no mark begins
  for (std::uint64_t characters = 0; at < text.size(); ++characters) {
    std::uint32_t c = 0;
    const std::int32_t length = welt_utf8_decode(sdk::to_abi(text), at, &c);
    if (length <= 0) break;  // cut off
    if (!is_mark(c)) cluster = at;
    const std::uint64_t next = at + static_cast<std::uint64_t>(length);
    if (limits.max_bytes > 0 && next - begin > limits.max_bytes && cluster > begin) return cluster;
    if (limits.max_characters > 0 && characters == limits.max_characters) return at;
    at = next;
    if (is_whole(text.substr(0, at))) return at;
  }
  if (is_final) return at;
  if (text.size() - begin <= limits.max_lookahead) return begin;
  return cluster > begin ? cluster : at;
}

bool Rule::is_whole(std::string_view word) const {
  return !word.empty() && separators_.find(word.back()) != separators_.npos;
}

std::uint64_t find_wrong_byte(std::string_view text, bool is_final) {
  std::uint64_t at = 0;
  while (at < text.size()) {
    std::uint32_t c = 0;
    const std::int32_t length = welt_utf8_decode(sdk::to_abi(text), at, &c);
    if (length == WELT_UTF8_CUT_OFF && !is_final) break;
    if (length <= 0) return at;
    at += static_cast<std::uint64_t>(length);
  }
  return text.size();
}

}  // namespace my_plugin_model
