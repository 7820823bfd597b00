// See unicode_form.h.
#include "unicode_form.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>

#include <welt/text/utf8.h>
#include <algorithm>
#include <limits>
#include <welt/sdk/base.hpp>

namespace welt::tokenizers {
namespace {

namespace sdk = welt::sdk;

constexpr std::size_t long_run = 256;  // characters

void check(UErrorCode status) {
  if (U_FAILURE(status) != 0) {
    throw sdk::Failure(WELT_INTERNAL, std::string("ICU could not normalize the text: ") + u_errorName(status));
  }
}

const icu::Normalizer2& instance(std::string_view name) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* out = name == "NFC"    ? icu::Normalizer2::getNFCInstance(status)
                                : name == "NFD"  ? icu::Normalizer2::getNFDInstance(status)
                                : name == "NFKC" ? icu::Normalizer2::getNFKCInstance(status)
                                                 : icu::Normalizer2::getNFKDInstance(status);
  check(status);
  return *out;
}

// Characters that came later stay what they are and keep others apart: compared with the library for every code point,
// alone and among marks.
icu::UnicodeSet characters_of_unicode_9() {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeSet out(u"[:age=9.0:]", status);
  check(status);
  return out;
}

}  // namespace

UnicodeForm::UnicodeForm(std::string_view name)
    : is_nfc_(name == "NFC"),
      known_(characters_of_unicode_9()),
      decomposed_(instance(name.starts_with("NFK") ? "NFKD" : "NFD")),
      form_(instance(name), known_) {
  known_.freeze();
}

bool UnicodeForm::has_border_before(char32_t c) const { return form_.hasBoundaryBefore(static_cast<UChar32>(c)) != 0; }

void UnicodeForm::apply(AlignedText& text) const {
  const bool plain =
      std::all_of(text.text().begin(), text.text().end(), [](char c) { return static_cast<std::uint8_t>(c) < 0xCC; });
  if (is_nfc_ && plain) return;  // all of it is below U+0300
  if (text.text().size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()) / 4) {
    throw sdk::invalid("a text of " + std::to_string(text.text().size()) +
                       " bytes in one piece cannot be normalized; expected at most 512 MB");
  }
  if (!plain) sort_long_runs(text);
  const icu::StringPiece piece(text.text().data(), static_cast<std::int32_t>(text.text().size()));
  UErrorCode status = U_ZERO_ERROR;
  if (form_.isNormalizedUTF8(piece, status) != 0) return;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  icu::Edits changes;
  form_.normalizeUTF8(0, piece, sink, &changes, status);
  check(status);
  std::vector<Edit> edits;
  for (auto it = changes.getFineChangesIterator(); it.next(status) != 0;) {
    const auto begin = static_cast<std::size_t>(it.destinationIndex());
    const auto old_begin = static_cast<std::size_t>(it.sourceIndex());
    edits.push_back({begin, begin + static_cast<std::size_t>(it.newLength()), old_begin,
                     old_begin + static_cast<std::size_t>(it.oldLength())});
  }
  check(status);
  if (!edits.empty()) text.rewrite(std::move(out), edits);
}

// Appends what `c` is made of, if that is nothing but marks of a class (which sort by it).
bool UnicodeForm::append_marks(char32_t c, icu::UnicodeString& marks) const {
  if (known_.contains(static_cast<UChar32>(c)) == 0) return false;
  icu::UnicodeString parts;
  if (decomposed_.getDecomposition(static_cast<UChar32>(c), parts) == 0) parts = static_cast<UChar32>(c);
  for (std::int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1))
    if (decomposed_.getCombiningClass(parts.char32At(i)) == 0) return false;
  marks += parts;
  return true;
}

// ICU sorts the marks behind a letter by insertion: a text of a million marks would take hours. Sorted beforehand,
// which is canonically the same, it only has to look at them.
void UnicodeForm::sort_long_runs(AlignedText& text) const {
  const std::string_view old = text.text();
  Rewriter rewriter(text);
  const auto sort_run = [&](std::size_t begin, std::size_t end) {
    icu::UnicodeString marks;
    std::size_t from = begin;
    const auto write = [&](std::size_t to) {
      std::vector<std::pair<std::uint8_t, UChar32>> sorted;
      for (std::int32_t i = 0; i < marks.length(); i = marks.moveIndex32(i, 1))
        sorted.emplace_back(decomposed_.getCombiningClass(marks.char32At(i)), marks.char32At(i));
      std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      marks.remove();
      for (const auto& mark : sorted) marks += mark.second;
      std::string out;
      marks.toUTF8String(out);
      marks.remove();
      if (out == old.substr(from, to - from)) return;
      rewriter.keep(from);
      rewriter.replace(to, out);
    };
    for (std::size_t at = begin; at < end;) {
      const std::size_t here = at;
      if (append_marks(text::decode(old, at), marks)) continue;
      write(here);
      from = at;
    }
    write(end);
  };
  std::size_t begin = 0, count = 0;  // of the run
  for (std::size_t at = 0; at < old.size();) {
    const std::size_t here = at;
    const char32_t c = text::decode(old, at);
    if (c >= 0x300 && !has_border_before(c)) {
      ++count;
      continue;
    }
    if (count > long_run) sort_run(begin, here);
    count = 0;
    begin = at;
  }
  if (count > long_run) sort_run(begin, old.size());
  rewriter.finish(text);
}

}  // namespace welt::tokenizers
