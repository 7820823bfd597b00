// See grapheme.h.
#include <welt/text/grapheme.h>
#include <welt/text/utf8.h>
#include <algorithm>
#include <cstdint>
#include <iterator>

namespace welt::text {
namespace {

constexpr std::uint32_t ranges[] = {
#include "grapheme_table.inc"
};

enum Break : std::uint8_t {
  other,
  cr,
  lf,
  control,
  extend,
  zwj,
  regional,
  prepend,
  spacing,
  hangul_l,
  hangul_v,
  hangul_t,
  hangul_lv,
  hangul_lvt,
  pictographic,
};
enum Conjunct : std::uint8_t { none, consonant, linker, conjunct_extend };

struct Property {
  Break kind;
  Conjunct conjunct;
};

Property property(char32_t code_point) {
  if (code_point >= 0x20 && code_point < 0x7F) return {other, none};
  const std::uint32_t* above =
      std::upper_bound(std::begin(ranges), std::end(ranges), static_cast<std::uint32_t>(code_point) << 8 | 0xFF);
  const std::uint32_t entry = *(above - 1);
  auto kind = static_cast<Break>(entry & 0xF);
  if (kind == hangul_lv && code_point >= 0xAC00 && (code_point - 0xAC00) % 28 != 0) kind = hangul_lvt;
  return {kind, static_cast<Conjunct>(entry >> 4 & 3)};
}

// What is left of a border, as far as the rules look back inside a cluster.
struct Left {
  Break kind;
  bool emoji;         // GB11: a pictograph and only Extend since
  bool emoji_joined;  // … and then a ZWJ
  bool odd_regional;  // GB12, GB13
  bool linked;        // GB9c: a linker and only linkers or extenders since
};

Left first(Property p) { return {p.kind, p.kind == pictographic, false, p.kind == regional, p.conjunct == linker}; }

Left append(Left left, Property p) {
  Left next = first(p);
  next.odd_regional = p.kind == regional && !(left.kind == regional && left.odd_regional);
  next.emoji_joined = left.emoji && p.kind == zwj;
  next.emoji |= left.emoji && p.kind == extend;
  next.linked |= left.linked && p.conjunct == conjunct_extend;
  return next;
}

bool joined(const Left& left, Property right) {
  if (left.kind == cr) return right.kind == lf;                                     // GB3, GB4
  if (left.kind == control || left.kind == lf) return false;                        // GB4
  if (right.kind == control || right.kind == cr || right.kind == lf) return false;  // GB5
  if (left.kind == hangul_l &&
      (right.kind == hangul_l || right.kind == hangul_v || right.kind == hangul_lv || right.kind == hangul_lvt))  // GB6
    return true;
  if ((left.kind == hangul_lv || left.kind == hangul_v) && (right.kind == hangul_v || right.kind == hangul_t))
    return true;                                                                                  // GB7
  if ((left.kind == hangul_lvt || left.kind == hangul_t) && right.kind == hangul_t) return true;  // GB8
  if (right.kind == extend || right.kind == zwj || right.kind == spacing) return true;            // GB9, GB9a
  if (left.kind == prepend) return true;                                                          // GB9b
  if (left.linked && right.conjunct == consonant) return true;                                    // GB9c
  if (left.emoji_joined && right.kind == pictographic) return true;                               // GB11
  return left.kind == regional && left.odd_regional && right.kind == regional;                    // GB12, GB13
}

}  // namespace

std::size_t cluster_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  Left left = first(property(decode(text, end)));
  while (end < text.size()) {
    std::size_t after = end;
    const Property right = property(decode(text, after));
    if (!joined(left, right)) break;
    left = append(left, right);
    end = after;
  }
  return end;
}

Border border_between(char32_t left, char32_t right) {
  const Property before = property(left), after = property(right);
  if (joined(first(before), after)) return before.kind == regional ? Border::depends : Border::no;
  const bool may_be_linked =
      after.conjunct == consonant && (before.conjunct == linker || before.conjunct == conjunct_extend);
  const bool may_be_emoji = after.kind == pictographic && before.kind == zwj;
  return may_be_linked || may_be_emoji ? Border::depends : Border::yes;
}

bool begins_cluster_after_all_but_prepend(char32_t code_point) {
  const Property p = property(code_point);
  return p.kind == other && p.conjunct != consonant;
}

}  // namespace welt::text
