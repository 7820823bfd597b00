// See character_rules.h.
#include "character_rules.h"

#include <unicode/uchar.h>

#include <memory>

#include "byte_alphabet.h"
#include "char_set.h"
#include "utf8_write.h"

namespace welt::tokenizers {
namespace {

CharacterRule removing(const CharSet& set) {
  return [table = std::make_shared<const CharTable>(set)](char32_t c, std::string& out) {
    out.clear();
    return c >= 0x80 && table->contains(c);
  };
}

bool is_ideograph(char32_t c) {
  constexpr struct {
    char32_t first, last;
  } ranges[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
                {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  if (c < 0x3400) return false;
  for (const auto& range : ranges)
    if (c >= range.first && c <= range.last) return true;
  return false;
}

}  // namespace

CharacterRule bert_cleaning() {
  CharSet none_to_see = categories(U_GC_CC_MASK | U_GC_CO_MASK);
  none_to_see.add(as_of_unicode(8, categories(U_GC_CF_MASK)));
  const auto control = std::make_shared<const CharTable>(none_to_see);
  const auto space = std::make_shared<const CharTable>(white_space());
  return [control, space](char32_t c, std::string& out) {
    if (c > 0x20 && c < 0x7F) return false;
    out = " ";
    if (c == '\t' || c == '\n' || c == '\r') return true;
    if (c == 0 || c == 0xFFFD || control->contains(c)) {
      out.clear();
      return true;
    }
    return c != ' ' && space->contains(c);
  };
}

CharacterRule bert_ideographs() {
  return [](char32_t c, std::string& out) {
    if (!is_ideograph(c)) return false;
    out = " " + utf8_of(c) + " ";
    return true;
  };
}

// By Unicode 8: five characters have another category since.
CharacterRule without_nonspacing_marks() {
  CharSet others(0x1885, 0x1886);
  for (const char32_t c : {U'\uA9BD', U'\U000111C9'}) others.add(c, c);
  others.invert();
  CharSet marks = as_of_unicode(8, categories(U_GC_MN_MASK));
  marks.intersect(others);
  marks.add(CharSet(0x1734, 0x1734));
  return removing(marks);
}

// By Unicode 9.
CharacterRule without_marks() {
  CharSet others(0x111C9, 0x111C9);
  others.invert();
  CharSet marks = as_of_unicode(9, categories(U_GC_M_MASK));
  marks.intersect(others);
  return removing(marks);
}

CharacterRule nmt_rule() {
  return [](char32_t c, std::string& out) {
    const bool removed =
        (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    const bool blank = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                       c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    out = removed ? "" : " ";
    return removed || blank;
  };
}

bool byte_level_rule(char32_t c, std::string& out) {
  if (c > 0x20 && c < 0x7F) return false;
  out.clear();
  for (const char byte : utf8_of(c)) out += utf8_of(byte_alphabet[static_cast<std::uint8_t>(byte)]);
  return true;
}

}  // namespace welt::tokenizers
