// Text as a terminal may have it: prompts and what a model writes may hold control characters.
#pragma once

#include <string>
#include <string_view>

namespace welt {

// Control characters but for line feed and tab as their pictures (U+2400 …).
inline std::string printable(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '\n' || byte == '\t' || (value >= 0x20 && value != 0x7F))
      out += byte;
    else
      out += {'\xE2', '\x90', static_cast<char>(value == 0x7F ? 0xA1 : 0x80 + value)};
  }
  return out;
}

}  // namespace welt
