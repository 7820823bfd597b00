// See utf8_automaton.h.
#include "core/text/utf8_automaton.h"

namespace welt {
namespace {

struct Start {
  int owed;                // continuation bytes behind this start byte; 0: it starts nothing
  std::uint8_t low, high;  // of the first of them
};

// Table 3-7 by start byte.
Start start_of(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

void set_range(ByteSet& set, int low, int high) {
  for (int byte = low; byte <= high; ++byte) set.set(static_cast<std::size_t>(byte));
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

void Utf8Automaton::feed(std::uint8_t byte) {
  if (owed_ > 0 && byte >= low_ && byte <= high_) {
    --owed_;
    low_ = 0x80, high_ = 0xBF;
    return;
  }
  const Start start = start_of(byte);
  owed_ = start.owed;
  low_ = start.owed > 0 ? start.low : 0x80, high_ = start.owed > 0 ? start.high : 0xBF;
}

ByteSet Utf8Automaton::allowed(std::int64_t room) const {
  ByteSet set;
  if (owed_ > 0) {
    set_range(set, low_, high_);
    return set;
  }
  if (room > 0) set_range(set, 0x00, 0x7F);
  if (room > 1) set_range(set, 0xC2, 0xDF);
  if (room > 2) set_range(set, 0xE0, 0xEF);
  if (room > 3) set_range(set, 0xF0, 0xF4);
  set.set(0x03);
  return set;
}

ByteSet reference_allowed_bytes(std::string_view prefix) {
  ByteSet all;
  all.set();
  int behind = 0;  // continuation bytes behind the start byte
  while (behind < 4 && behind < static_cast<int>(prefix.size()) &&
         is_continuation(static_cast<std::uint8_t>(prefix[prefix.size() - 1 - static_cast<std::size_t>(behind)])))
    ++behind;
  if (behind == 4 || behind == static_cast<int>(prefix.size())) return all;
  const Start start = start_of(static_cast<std::uint8_t>(prefix[prefix.size() - 1 - static_cast<std::size_t>(behind)]));
  if (behind >= start.owed) return all;
  ByteSet set;
  set_range(set, behind == 0 ? start.low : 0x80, behind == 0 ? start.high : 0xBF);
  return set;
}

}  // namespace welt
