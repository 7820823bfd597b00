// See normalizer.h. Reference: the normalizers of the library tokenizers.
#include "normalizer.h"

#include <unicode/uchar.h>
#include <welt/text/utf8.h>

#include "split_pattern.h"
#include "utf8_write.h"

namespace welt::bpe {
namespace {

// By Unicode 17, as the library's: the letters that 16 and 17 brought are told here, for an older ICU.
char32_t lower_case(char32_t c) {
  if (c >= 0x16EA0 && c <= 0x16EB8) return c + 0x1B;
  if (c >= 0x10D50 && c <= 0x10D65) return c + 0x20;
  if (c == 0x1C89 || c == 0xA7CC || c == 0xA7CE || c == 0xA7D2 || c == 0xA7D4 || c == 0xA7DA) return c + 1;
  if (c == 0xA7CB) return 0x264;
  if (c == 0xA7DC) return 0x19B;
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
}

}  // namespace

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
    steps_.emplace_back(std::in_place_type<Lowercase>);
  } else if (type == "Prepend") {
    steps_.emplace_back(std::in_place_type<Prepend>, Prepend{node.member("prepend").text()});
    prepends_ = true;
  } else if (type == "Replace") {
    const JsonNode pattern = node.member("pattern");
    steps_.emplace_back(std::in_place_type<Replace>, Replace{read_pattern(pattern), node.member("content").text()});
    const JsonNode literal = pattern.member("String");
    const bool one_character =
        !literal.is_null() && !literal.text().empty() &&
        text::sequence_length(static_cast<std::uint8_t>(literal.text()[0])) == literal.text().size();
    wide_ |= !one_character;
  } else {
    steps_.emplace_back(std::make_shared<const UnicodeForm>(type));
  }
}

void Normalizer::apply(AlignedText& text) const {
  for (const Step& step : steps_) {
    if (text.text().empty()) return;
    if (const auto* form = std::get_if<std::shared_ptr<const UnicodeForm>>(&step)) {
      (*form)->apply(text);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      Rewriter rewriter(text);
      rewriter.replace(0, prepend->text);
      rewriter.finish(text);
    } else if (const auto* replace = std::get_if<Replace>(&step)) {
      apply_replace(*replace, text);
    } else {
      apply_lowercase(text);
    }
  }
}

// Character by character, as the library does: no rule looks at neighbours.
void Normalizer::apply_lowercase(AlignedText& text) {
  const std::string_view old = text.text();
  Rewriter rewriter(text);
  for (std::size_t at = 0; at < old.size();) {
    const std::size_t begin = at;
    const char32_t c = text::decode(old, at);
    if (c == 0x130) {  // the one character whose lower case is two
      rewriter.keep(begin);
      rewriter.replace(at, "i\u0307");
      continue;
    }
    const char32_t lower = lower_case(c);
    if (lower == c) continue;
    rewriter.keep(begin);
    rewriter.replace(at, utf8_of(lower));
  }
  rewriter.finish(text);
}

void Normalizer::apply_replace(const Replace& step, AlignedText& text) {
  Rewriter rewriter(text);
  RegexSearch search(step.pattern, text.text());
  while (const auto match = search.next()) {
    rewriter.keep(match->begin);
    rewriter.replace(match->end, step.content);
  }
  rewriter.finish(text);
}

bool Normalizer::is_border(std::string_view text, std::size_t at) const {
  if (at == 0 || at >= text.size()) return true;
  const char32_t c = text::decode(text, at);
  for (const Step& step : steps_) {
    const auto* form = std::get_if<std::shared_ptr<const UnicodeForm>>(&step);
    if (form != nullptr && !(*form)->has_border_before(c)) return false;
  }
  return true;
}

std::size_t Normalizer::settled_end(std::string_view text) const {
  bool has_forms = false;
  for (const Step& step : steps_) has_forms |= std::holds_alternative<std::shared_ptr<const UnicodeForm>>(step);
  if (!has_forms) return text.size();
  for (std::size_t at = text.size(); at > 0;) {
    do --at;
    while ((static_cast<std::uint8_t>(text[at]) & 0xC0) == 0x80);
    if (is_border(text, at)) return at;
  }
  return 0;
}

}  // namespace welt::bpe
