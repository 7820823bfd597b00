// See script_table.h.
#include "script_table.h"

#include <welt/text/grapheme.h>
#include <algorithm>
#include <iterator>

namespace welt::words {
namespace {

struct Range {
  char32_t first, last;
  Kind kind;
};

constexpr Range scripts[] = {
#include "script_ranges.inc"
};
// Python's \s for text; 1C–1F are control characters too.
constexpr Range others[] = {
    {0x01, 0x08, Kind::control},       {0x09, 0x0D, Kind::white},     {0x0E, 0x1B, Kind::control},
    {0x1C, 0x1F, Kind::white_control}, {0x20, 0x20, Kind::white},     {0x7F, 0x7F, Kind::control},
    {0x85, 0x85, Kind::white},         {0xA0, 0xA0, Kind::white},     {0x1680, 0x1680, Kind::white},
    {0x2000, 0x200A, Kind::white},     {0x2028, 0x2029, Kind::white}, {0x202F, 0x202F, Kind::white},
    {0x205F, 0x205F, Kind::white},     {0x3000, 0x3000, Kind::white}};
constexpr char32_t shared[] = {0xB7, 0x2BC, 0x2D7, 0x303, 0x305, 0x323, 0x331};

constexpr std::size_t code_points = 0x110000;

std::size_t encode(char32_t c, std::uint8_t* out) {
  if (c < 0x800)
    return out[0] = static_cast<std::uint8_t>(0xC0 | c >> 6), out[1] = static_cast<std::uint8_t>(c & 63), 2;
  if (c < 0x10000) {
    out[0] = static_cast<std::uint8_t>(0xE0 | c >> 12), out[1] = static_cast<std::uint8_t>(c >> 6 & 63);
    return 3;
  }
  out[0] = static_cast<std::uint8_t>(0xF0 | c >> 18), out[1] = static_cast<std::uint8_t>(c >> 12 & 63);
  return 4;
}

}  // namespace

ScriptTable::ScriptTable(bool reference_compatible) {
  std::vector<std::uint8_t> flat(code_points, 0);
  letters_.fill(1);
  std::fill_n(ascii_letter_.begin(), 128, std::uint8_t{1});
  const auto put = [&](const Range& range) {
    for (char32_t c = range.first; c <= range.last; ++c) {
      flat[c] = static_cast<std::uint8_t>(range.kind);
      std::uint8_t bytes[2];
      if (c < 0x80) {
        ascii_letter_[c] = 0;
      } else {
        encode(c, bytes);
        letters_[pair(bytes[0], bytes[1])] = 0;
      }
    }
  };
  for (const Range& range : others) put(range);
  for (const Range& range : scripts) {
    const bool is_shared = std::find(std::begin(shared), std::end(shared), range.first) != std::end(shared);
    if (reference_compatible ? range.kind < Kind::lao : !is_shared) put(range);
  }
  for (const Range& range : scripts)
    for (char32_t c = range.first; c <= range.last; ++c)
      if (text::begins_cluster_after_all_but_prepend(c)) flat[c] |= 0x80;
  for (std::size_t block = 0; block < index_.size(); ++block) {
    std::array<std::uint8_t, 256> values;
    std::copy_n(flat.begin() + static_cast<std::ptrdiff_t>(block * 256), 256, values.begin());
    auto known = std::find(blocks_.begin(), blocks_.end(), values);
    if (known == blocks_.end()) known = blocks_.insert(blocks_.end(), values);
    index_[block] = static_cast<std::uint8_t>(known - blocks_.begin());
  }
}

}  // namespace welt::words
