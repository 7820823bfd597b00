#include "core/text/control_pictures.h"

#include <cstdint>

namespace welt {

std::string control_pictures(std::string_view text, WhiteSpace white_space) {
  std::string shown;
  shown.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool is_white = byte >= 0x09 && byte <= 0x0D;
    if ((byte >= 0x20 && byte != 0x7F) || (is_white && white_space == WhiteSpace::keep)) {
      shown += c;
    } else {
      shown += "\xE2\x90";  // U+2400 to U+243F
      shown += static_cast<char>(0x80 + (byte == 0x7F ? 0x21 : byte));
    }
  }
  return shown;
}

}  // namespace welt
