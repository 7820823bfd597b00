// See normalizer.h. Reference: the normalizers of the library tokenizers.
#include "normalizer.h"

#include <unicode/uchar.h>
#include <welt/text/utf8.h>

#include "split_pattern.h"
#include "utf8_write.h"

namespace welt::tokenizers {
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
      node.member("type").one_of({"Sequence", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Prepend", "Replace",
                                  "BertNormalizer", "StripAccents", "Strip", "Nmt", "Precompiled", "ByteLevel"});
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
    const JsonNode literal = pattern.member("String");
    const std::string given = literal.is_null() ? "" : literal.text();
    const bool is_ascii = given.size() == 1 && static_cast<std::uint8_t>(given[0]) < 0x80;
    steps_.emplace_back(std::in_place_type<Replace>,
                        Replace{read_pattern(pattern), node.member("content").text(), is_ascii ? given[0] : '\0'});
    const bool one_character =
        !given.empty() && text::sequence_length(static_cast<std::uint8_t>(given[0])) == given.size();
    wide_ |= !one_character;
  } else if (type == "BertNormalizer") {
    read_bert(node);
  } else if (type == "StripAccents") {
    add_characters(without_marks());
  } else if (type == "Nmt") {
    add_characters(nmt_rule());
  } else if (type == "Strip") {
    steps_.emplace_back(Strip{node.member("strip_left").flag_or(true), node.member("strip_right").flag_or(true)});
    wide_ = true;
  } else if (type == "ByteLevel") {
    steps_.emplace_back(Bytes{});
  } else if (type == "Precompiled") {
    steps_.emplace_back(std::make_shared<const PrecompiledMap>(node.member("precompiled_charsmap")));
    wide_ = true;
  } else {
    steps_.emplace_back(std::make_shared<const UnicodeForm>(type));
  }
}

// BERT's own cleaning, in its order; accents go where letters become small unless the file says otherwise.
void Normalizer::read_bert(const JsonNode& node) {
  const bool lowercase = node.member("lowercase").flag_or(true);
  if (node.member("clean_text").flag_or(true)) add_characters(bert_cleaning());
  if (node.member("handle_chinese_chars").flag_or(true)) add_characters(bert_ideographs());
  if (node.member("strip_accents").flag_or(lowercase)) {
    steps_.emplace_back(std::make_shared<const UnicodeForm>("NFD"));
    add_characters(without_nonspacing_marks());
  }
  if (lowercase) steps_.emplace_back(std::in_place_type<Lowercase>);
}

void Normalizer::add_characters(CharacterRule rule) {
  steps_.emplace_back(Characters{std::make_shared<const CharacterRule>(std::move(rule))});
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
    } else if (const auto* map = std::get_if<std::shared_ptr<const PrecompiledMap>>(&step)) {
      (*map)->apply(text);
    } else if (const auto* characters = std::get_if<Characters>(&step)) {
      apply_characters(*characters->rule, text);
    } else if (const auto* strip = std::get_if<Strip>(&step)) {
      apply_strip(*strip, text);
    } else if (std::holds_alternative<Bytes>(step)) {
      apply_characters(byte_level_rule, text);
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

void Normalizer::apply_characters(const CharacterRule& rule, AlignedText& text) {
  const std::string_view old = text.text();
  Rewriter rewriter(text);
  std::string out;
  for (std::size_t at = 0; at < old.size();) {
    const std::size_t begin = at;
    const char32_t c = text::decode(old, at);
    if (!rule(c, out)) continue;
    rewriter.keep(begin);
    rewriter.replace(at, out);
  }
  rewriter.finish(text);
}

void Normalizer::apply_strip(const Strip& step, AlignedText& text) {
  static const CharSet space = white_space();
  const std::string_view old = text.text();
  std::size_t begin = 0, end = old.size();
  for (std::size_t at = 0; step.left && at < old.size() && space.contains(text::decode(old, at));) begin = at;
  while (step.right && end > begin && space.contains(text::decode_before(old, end)))
    end = text::character_before(old, end);
  Rewriter rewriter(text);
  if (begin > 0) rewriter.replace(begin, "");
  if (end < old.size()) {
    rewriter.keep(end);
    rewriter.replace(old.size(), "");
  }
  rewriter.finish(text);
}

std::optional<Normalizer::Plain> Normalizer::plain() const {
  Plain out;
  for (const Step& step : steps_) {
    const auto* prepend = std::get_if<Prepend>(&step);
    const auto* replace = std::get_if<Replace>(&step);
    if (prepend != nullptr && out.prepend.empty()) {
      out.prepend = prepend->text;
    } else if (replace != nullptr && replace->only != '\0' && out.from == '\0') {
      out.from = replace->only;
      out.to = replace->content;
    } else {
      return std::nullopt;
    }
  }
  if (out.from != '\0' && out.prepend.find(out.from) != std::string::npos) return std::nullopt;
  return out;
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

}  // namespace welt::tokenizers
