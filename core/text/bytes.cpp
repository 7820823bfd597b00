// See bytes.h.
#include "core/text/bytes.h"

#include "core/base/utf8.h"
#include "core/text/control.h"

namespace welt {

std::string_view truncate_utf8(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<std::uint8_t>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

std::string decode_bytes(std::span<const std::uint8_t> ids, bool skip_special) {
  std::string text;
  text.reserve(ids.size());
  for (const std::uint8_t id : ids) {
    const bool special = id == pad_byte || id == bos_byte || id == eos_byte;
    if (!special || !skip_special) text.push_back(static_cast<char>(id));
  }
  std::string well_formed;
  std::string_view rest = text;
  for (std::size_t fault; (fault = find_invalid_utf8(rest)) != utf8_ok;) {
    well_formed += rest.substr(0, fault);
    rest.remove_prefix(fault + 1);  // one byte at a time: what follows a wrong byte may be right
    while (!rest.empty() && (static_cast<std::uint8_t>(rest.front()) & 0xC0) == 0x80) rest.remove_prefix(1);
  }
  return well_formed += rest;
}

}  // namespace welt
