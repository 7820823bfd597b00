// See char_set.h.
#include "char_set.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/uset.h>

#include <algorithm>
#include <iterator>
#include <memory>

namespace welt::tokenizers {
namespace {

constexpr std::uint32_t table[] = {
#include "category_table.inc"
};

using UnicodeSet = std::unique_ptr<USet, decltype(&uset_close)>;

CharSet from_icu(const USet* set) {
  CharSet out;
  const int items = uset_getItemCount(set);
  for (int i = 0; i < items; ++i) {
    UChar32 first = 0, last = 0;
    UErrorCode status = U_ZERO_ERROR;
    if (uset_getItem(set, i, &first, &last, nullptr, 0, &status) != 0) continue;  // an item of several characters
    out.add(static_cast<char32_t>(first), static_cast<char32_t>(last));
  }
  return out;
}

// The ranges of the table whose entry pleases `wanted`.
template <typename F>
CharSet from_table(F&& wanted) {
  CharSet out;
  for (std::size_t i = 0; i < std::size(table); ++i) {
    const char32_t last = i + 1 < std::size(table) ? (table[i + 1] >> 8) - 1 : last_code_point;
    if (wanted(table[i] & 0xFF)) out.add(table[i] >> 8, last);
  }
  return out;
}

}  // namespace

void CharSet::add(char32_t first, char32_t last) {
  if (ranges_.empty() || ranges_.back().last + 1 < first) {  // the usual case: behind all others
    ranges_.push_back({first, last});
    return;
  }
  auto at = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& r) { return r.last + 1 >= first; });
  auto end = at;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  at = ranges_.erase(at, end);
  ranges_.insert(at, {first, last});
}

void CharSet::add(const CharSet& other) {
  std::vector<Range> all;
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(), std::back_inserter(all),
             [](const Range& a, const Range& b) { return a.first < b.first; });
  ranges_.clear();
  for (const Range& range : all) {
    if (!ranges_.empty() && ranges_.back().last + 1 >= range.first) {
      ranges_.back().last = std::max(ranges_.back().last, range.last);
    } else {
      ranges_.push_back(range);
    }
  }
}

void CharSet::invert() {
  std::vector<Range> out;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= last_code_point) out.push_back({next, last_code_point});
  ranges_ = std::move(out);
}

void CharSet::intersect(const CharSet& other) {  // by De Morgan
  CharSet outside = other;
  outside.invert();
  invert();
  add(outside);
  invert();
}

void CharSet::close_over_case() {
  const UnicodeSet set(uset_openEmpty(), &uset_close);
  for (const Range& range : ranges_)
    uset_addRange(set.get(), static_cast<UChar32>(range.first), static_cast<UChar32>(range.last));
  uset_closeOver(set.get(), USET_CASE_INSENSITIVE);
  add(from_icu(set.get()));
}

bool CharSet::contains(char32_t c) const {
  const auto above =
      std::upper_bound(ranges_.begin(), ranges_.end(), c, [](char32_t x, const Range& r) { return x < r.first; });
  return above != ranges_.begin() && std::prev(above)->last >= c;
}

CharSet white_space() {
  CharSet out(0x09, 0x0D);
  for (const char32_t c : {0x20, 0x85, 0xA0, 0x1680}) out.add(c, c);
  out.add(0x2000, 0x200A);
  for (const char32_t c : {0x2028, 0x2029, 0x202F, 0x205F, 0x3000}) out.add(c, c);
  return out;
}

CharSet word_characters() {
  return from_table([](std::uint32_t entry) { return (entry & 0x80) != 0; });
}

CharSet rust_word_characters() {
  CharSet out = categories(U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK | U_GC_NL_MASK | U_GC_PC_MASK);
  out.add(*named_set("Alphabetic"));
  out.add(0x200C, 0x200D);
  return out;
}

bool is_of_unicode(int major, char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 0 && age[0] <= major;
}

CharSet as_of_unicode(int major, const CharSet& set) {
  CharSet out;
  for (const CharSet::Range& range : set.ranges())
    for (char32_t c = range.first; c <= range.last; ++c)
      if (is_of_unicode(major, c)) out.add(c, c);
  return out;
}

CharSet categories(std::uint32_t mask) {
  return from_table([&](std::uint32_t entry) { return (mask >> (entry & 0x7F) & 1) != 0; });
}

std::optional<CharSet> named_set(std::string_view text) {
  const std::string name(text);
  if (name.empty() || name.find('\0') != std::string::npos) return std::nullopt;
  const std::int32_t mask = u_getPropertyValueEnum(UCHAR_GENERAL_CATEGORY_MASK, name.c_str());
  if (mask != UCHAR_INVALID_CODE) return categories(static_cast<std::uint32_t>(mask));
  if (u_getPropertyEnum(name.c_str()) == UCHAR_WHITE_SPACE) return white_space();
  UProperty property = u_getPropertyEnum(name.c_str());
  std::int32_t value = 1;
  if (property < UCHAR_BINARY_START || property >= UCHAR_BINARY_LIMIT) {
    property = UCHAR_SCRIPT;
    value = u_getPropertyValueEnum(UCHAR_SCRIPT, name.c_str());
    if (value == UCHAR_INVALID_CODE) return std::nullopt;
  }
  const UnicodeSet set(uset_openEmpty(), &uset_close);
  UErrorCode status = U_ZERO_ERROR;
  uset_applyIntPropertyValue(set.get(), property, value, &status);
  if (U_FAILURE(status) != 0) return std::nullopt;
  return from_icu(set.get());
}

CharTable::CharTable(const CharSet& set) {
  for (const CharSet::Range& range : set.ranges()) {
    for (char32_t c = range.first; c <= range.last && c < 0x10000; ++c) bits_[c >> 6] |= std::uint64_t{1} << (c & 63);
    if (range.last >= 0x10000) above_.add(std::max<char32_t>(range.first, 0x10000), range.last);
  }
}

}  // namespace welt::tokenizers
