// See normalizer.h. Reference: the normalizers of the library tokenizers.
#include "normalizer.h"

#include <unicode/bytestream.h>
#include <unicode/edits.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include <algorithm>
#include <limits>
#include <welt/sdk/base.hpp>

#include "../words/utf8.h"
#include "split_pattern.h"
#include "utf8_write.h"

namespace welt::bpe {
namespace {

namespace sdk = welt::sdk;

void check(UErrorCode status) {
  if (U_FAILURE(status) != 0) {
    throw sdk::Failure(WELT_INTERNAL, std::string("ICU could not normalize the text: ") + u_errorName(status));
  }
}

}  // namespace

// ICU's form, but for characters that came after Unicode 9: these stay what they are and keep others apart. So does the
// library, whose tables are of that version (compared for every code point alone and among marks).
class Normalizer::Form {
 public:
  explicit Form(std::string_view name)
      : is_nfc_(name == "NFC"), known_(u"[:age=9.0:]", status_), filtered_(instance(name, status_), known_) {
    check(status_);
    known_.freeze();
  }

  const icu::Normalizer2& get() const { return filtered_; }
  // Certain without a look at the characters: all of them are below U+0300.
  bool leaves(std::string_view text) const {
    return is_nfc_ && std::all_of(text.begin(), text.end(), [](char c) { return static_cast<std::uint8_t>(c) < 0xCC; });
  }

 private:
  static const icu::Normalizer2& instance(std::string_view name, UErrorCode& status) {
    const icu::Normalizer2* out = name == "NFC"    ? icu::Normalizer2::getNFCInstance(status)
                                  : name == "NFD"  ? icu::Normalizer2::getNFDInstance(status)
                                  : name == "NFKC" ? icu::Normalizer2::getNFKCInstance(status)
                                                   : icu::Normalizer2::getNFKDInstance(status);
    check(status);
    return *out;
  }

  UErrorCode status_ = U_ZERO_ERROR;
  bool is_nfc_;
  icu::UnicodeSet known_;
  icu::FilteredNormalizer2 filtered_;
};

Normalizer::Normalizer(const JsonNode& node) { read(node, 0); }

void Normalizer::read(const JsonNode& node, int depth) {
  if (node.is_null()) return;
  const std::string type =
      node.member("type").one_of({"Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace"});
  if (type == "Sequence") {
    if (depth > 8) node.fail("a Sequence in eight others", "a flat one");
    const JsonNode list = node.member("normalizers");
    for (std::size_t i = 0; i < list.size(); ++i) read(list.item(i), depth + 1);
  } else if (type == "Lowercase") {
    steps_.push_back(Lowercase{});
  } else if (type == "Prepend") {
    steps_.push_back(Prepend{node.member("prepend").text()});
    prepends_ = true;
  } else if (type == "Replace") {
    const JsonNode pattern = node.member("pattern");
    steps_.push_back(Replace{read_pattern(pattern), node.member("content").text()});
    const JsonNode literal = pattern.member("String");
    const bool one_character =
        !literal.is_null() && !literal.text().empty() &&
        words::sequence_length(static_cast<std::uint8_t>(literal.text()[0])) == literal.text().size();
    wide_ |= !one_character;
  } else {
    steps_.push_back(std::make_shared<const Form>(type));
  }
}

void Normalizer::apply(AlignedText& text) const {
  for (const Step& step : steps_) {
    if (text.text().empty()) return;
    if (const auto* form = std::get_if<std::shared_ptr<const Form>>(&step)) {
      apply_form(**form, text);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      Rewriter rewriter(text.text());
      rewriter.replace(0, prepend->text);
      rewriter.finish(text);
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
      apply_replace(*replace, text);
    } else {
      apply_lowercase(text);
    }
  }
}

void Normalizer::apply_form(const Form& form, AlignedText& text) {
  const icu::Normalizer2& normalizer = form.get();
  const std::string_view old = text.text();
  if (form.leaves(old)) return;
  if (old.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw sdk::invalid("a text of " + std::to_string(old.size()) +
                       " bytes in one piece cannot be normalized; expected less than 2 GB");
  }
  const icu::StringPiece piece(old.data(), static_cast<std::int32_t>(old.size()));
  UErrorCode status = U_ZERO_ERROR;
  if (normalizer.isNormalizedUTF8(piece, status) != 0) return;
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  icu::Edits changes;
  normalizer.normalizeUTF8(0, piece, sink, &changes, status);
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

// Character by character, as the library does: no rule looks at neighbours.
void Normalizer::apply_lowercase(AlignedText& text) {
  const std::string_view old = text.text();
  Rewriter rewriter(old);
  for (std::size_t at = 0; at < old.size();) {
    const std::size_t begin = at;
    const char32_t c = words::decode(old, at);
    if (c == 0x130) {  // the one character whose lower case is two
      rewriter.keep(begin);
      rewriter.replace(at, "i\u0307");
      continue;
    }
    const auto lower = static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
    if (lower == c) continue;
    rewriter.keep(begin);
    rewriter.replace(at, utf8_of(lower));
  }
  rewriter.finish(text);
}

void Normalizer::apply_replace(const Replace& step, AlignedText& text) {
  Rewriter rewriter(text.text());
  RegexSearch search(step.pattern, text.text());
  while (const auto match = search.next()) {
    rewriter.keep(match->begin);
    rewriter.replace(match->end, step.content);
  }
  rewriter.finish(text);
}

bool Normalizer::is_border(std::string_view text, std::size_t at) const {
  if (at == 0 || at >= text.size()) return true;
  const char32_t c = words::decode(text, at);
  for (const Step& step : steps_) {
    const auto* form = std::get_if<std::shared_ptr<const Form>>(&step);
    if (form != nullptr && (*form)->get().hasBoundaryBefore(static_cast<UChar32>(c)) == 0) return false;
  }
  return true;
}

std::size_t Normalizer::settled_end(std::string_view text) const {
  bool has_forms = false;
  for (const Step& step : steps_) has_forms |= std::holds_alternative<std::shared_ptr<const Form>>(step);
  if (!has_forms) return text.size();
  for (std::size_t at = text.size(); at > 0;) {
    do --at;
    while ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80);
    if (is_border(text, at)) return at;
  }
  return 0;
}

}  // namespace welt::bpe
