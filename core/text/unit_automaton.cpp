// See unit_automaton.h.
#include "core/text/unit_automaton.h"

#include <algorithm>
#include <vector>

#include "core/base/utf8.h"
#include "core/text/control.h"

namespace welt {
namespace {

constexpr std::uint32_t first_lead = 0xD800, first_trail = 0xDC00, last_trail = 0xDFFF;

struct Range {
  std::uint32_t first, last;  // both in it
};

bool is_lead(std::uint32_t unit) { return unit >= first_lead && unit < first_trail; }
bool is_trail(std::uint32_t unit) { return unit >= first_trail && unit <= last_trail; }

// Units that keep the text well-formed, in UTF-16 and UTF-32, where no surrogate is open.
std::vector<Range> permitted(Encoding encoding, const WordRoom& room) {
  static constexpr std::uint32_t largest[] = {0, 0x7F, 0x7FF, 0xFFFF, 0x10FFFF};  // code point by UTF-8 bytes
  const std::uint32_t last = largest[std::clamp<std::int64_t>(room.bytes, 0, 4)];
  std::vector<Range> ranges{{1, 1}, {eos_byte, eos_byte}};
  const auto add = [&](std::uint32_t from, std::uint32_t to) {
    if (from <= to) ranges.push_back({from, to});
  };
  add(eos_byte + 1, std::min(last, first_lead - 1));
  if (encoding == Encoding::utf32) {
    add(last_trail + 1, last);
    return ranges;
  }
  add(last_trail + 1, std::min(last, std::uint32_t{0xFFFF}));
  if (last > 0xFFFF && room.units > 1) ranges.push_back({first_lead, first_trail - 1});
  return ranges;
}

}  // namespace

UnitAutomaton::UnitAutomaton(Units units, bool reference)
    : units_(units), reference_(reference), utf8_(reference ? Utf8Rule::reference : Utf8Rule::strict) {}

ByteSet UnitAutomaton::allowed(std::uint32_t unit, std::int64_t place, const WordRoom& room) const {
  ByteSet set;
  if (units_.encoding() == Encoding::utf8) {
    set = utf8_.allowed(std::min(room.units, room.bytes));
    if (!reference_) set.reset(pad_byte).reset(bos_byte);  // never in a text that was learnt
    return set;
  }
  const std::vector<Range> ranges = reference_  ? std::vector<Range>{{0, units_.largest()}}
                                    : lead_ > 0 ? std::vector<Range>{{first_trail, last_trail}}
                                                : permitted(units_.encoding(), room);
  const auto shift = static_cast<int>(8 * place);
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    const std::uint64_t first = unit | std::uint64_t{byte} << shift, last = first + (std::uint64_t{1} << shift) - 1;
    set[byte] = std::ranges::any_of(ranges, [&](const Range& r) { return r.first <= last && first <= r.last; });
  }
  return set;
}

void UnitAutomaton::feed(std::uint32_t unit, std::string& text) {
  if (units_.encoding() == Encoding::utf8) {
    utf8_.feed(static_cast<std::uint8_t>(unit));
    text.push_back(static_cast<char>(unit));
    return;
  }
  if (unit == pad_byte || unit == bos_byte) return;
  const std::uint32_t lead = lead_;
  lead_ = units_.encoding() == Encoding::utf16 && is_lead(unit) ? unit : 0;
  if (is_trail(unit) && lead > 0)
    append_utf8(text, 0x10000 + ((lead - first_lead) << 10) + (unit - first_trail));
  else if (!is_lead(unit) && !is_trail(unit))
    append_utf8(text, unit);
}

}  // namespace welt
