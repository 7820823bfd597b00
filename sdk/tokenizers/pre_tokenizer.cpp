// See pre_tokenizer.h. Reference: the pre-tokenizers of the library tokenizers.
#include "pre_tokenizer.h"

#include <unicode/uchar.h>
#include <welt/text/utf8.h>

#include "byte_alphabet.h"
#include "script_runs.h"
#include "utf8_write.h"

namespace welt::tokenizers {
namespace {

// What GPT-2 splits by; ByteLevel has it built in.
constexpr std::string_view gpt2_pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

CharSet punctuation() {
  CharSet out = as_of_unicode(8, categories(U_GC_P_MASK));
  for (const auto& [first, last] : {std::pair{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}})
    out.add(static_cast<char32_t>(first), static_cast<char32_t>(last));
  return out;
}

// Rewrites the pieces one by one: `write(rewriter, piece)` writes the whole piece, which then has its new place.
template <typename F>
void rewrite_pieces(AlignedText& text, std::vector<Piece>& pieces, F&& write) {
  Rewriter rewriter(text);
  for (Piece& piece : pieces) {
    rewriter.keep(piece.begin);
    const std::size_t begin = rewriter.at(), end = piece.end;
    if (piece.id < 0) write(rewriter, piece);
    rewriter.keep(end);
    piece.begin = begin;
    piece.end = rewriter.at();
  }
  rewriter.finish(text);
}

}  // namespace

PreTokenizer::PreTokenizer(const JsonNode& node) {
  read(node, 0);
  maps_bytes_ = !steps_.empty() && std::holds_alternative<MapBytes>(steps_.back());
}

void PreTokenizer::read(const JsonNode& node, int depth) {
  if (node.is_null()) return;
  const std::string type = node.member("type").one_of(
      {"Sequence", "ByteLevel", "Split", "Metaspace", "Digits", "Punctuation", "WhitespaceSplit", "Whitespace",
       "BertPreTokenizer", "CharDelimiterSplit", "FixedLength", "UnicodeScripts"});
  if (type == "Sequence") {
    if (depth > 8) node.fail("a Sequence in eight others", "a flat one");
    const JsonNode list = node.member("pretokenizers");
    for (std::size_t i = 0; i < list.size(); ++i) read(list.item(i), depth + 1);
  } else if (type == "ByteLevel") {
    read_byte_level(node);
  } else if (type == "Split") {
    add_split({read_pattern(node.member("pattern")), read_behavior(node.member("behavior")),
               node.member("invert").flag_or(false)});
  } else if (type == "Metaspace") {
    read_metaspace(node);
  } else if (type == "Digits") {
    const bool single = node.member("individual_digits").flag_or(false);
    add_split({Regex::one_of(categories(U_GC_N_MASK), false), single ? Behavior::isolated : Behavior::contiguous});
  } else if (type == "Punctuation") {
    const JsonNode behavior = node.member("behavior");
    add_split({Regex::one_of(punctuation(), false), behavior.is_null() ? Behavior::isolated : read_behavior(behavior)});
  } else if (type == "FixedLength") {
    const JsonNode length = node.member("length");
    const std::int64_t characters = length.is_null() ? 5 : length.id();
    if (characters == 0) length.fail("0", "a number of characters from 1 on");
    steps_.emplace_back(Length{static_cast<std::size_t>(characters)});
    never_cut_ = true;
    ++splits_;
  } else if (type == "UnicodeScripts") {
    steps_.emplace_back(Scripts{});
    never_cut_ = true;
    ++splits_;
  } else if (type == "CharDelimiterSplit") {
    const JsonNode delimiter = node.member("delimiter");
    const std::string mark = delimiter.text();
    if (mark.empty() || text::sequence_length(static_cast<std::uint8_t>(mark[0])) != mark.size()) {
      delimiter.fail("\"" + mark + "\"", "one character");
    }
    add_split({Regex::literal(mark), Behavior::removed});
  } else {
    add_split({Regex::one_of(white_space(), false), Behavior::removed});
    if (type == "BertPreTokenizer") add_split({Regex::one_of(punctuation(), false), Behavior::isolated});
    if (type == "Whitespace") add_split({Regex::one_of(rust_word_characters(), true), Behavior::isolated});
  }
}

void PreTokenizer::add_split(SplitRule rule) {
  if (splits_++ == 0) never_cut_ |= rule.pattern.looks_back();
  steps_.emplace_back(std::in_place_type<SplitRule>, std::move(rule));
}

void PreTokenizer::add_prefix(std::string text, bool only_first) {
  if (splits_ == 0) prefix_ = text;
  prefix_only_first_ |= only_first;
  never_cut_ |= only_first && splits_ > 0;
  steps_.emplace_back(std::in_place_type<Prefix>, Prefix{std::move(text), only_first});
}

void PreTokenizer::read_byte_level(const JsonNode& node) {
  if (node.member("add_prefix_space").flag_or(true)) add_prefix(" ", false);
  if (node.member("use_regex").flag_or(true)) add_split({Regex(gpt2_pattern, "ByteLevel"), Behavior::isolated});
  steps_.emplace_back(std::in_place_type<MapBytes>);
}

void PreTokenizer::read_metaspace(const JsonNode& node) {
  const JsonNode replacement = node.member("replacement");
  const std::string& mark = replacement.text();
  if (mark.empty() || text::sequence_length(static_cast<std::uint8_t>(mark[0])) != mark.size()) {
    replacement.fail("\"" + mark + "\"", "one character");
  }
  const JsonNode scheme = node.member("prepend_scheme"), old_scheme = node.member("add_prefix_space");
  std::string prepend = old_scheme.flag_or(true) ? "always" : "never";
  if (!scheme.is_null()) {
    const std::string& given = scheme.one_of({"always", "first", "never"});
    if (!old_scheme.flag_or(true) && given != "never")
      scheme.fail("\"" + given + "\"", "never, as add_prefix_space is false");
    prepend = given;
  }
  steps_.emplace_back(std::in_place_type<Spaces>, Spaces{mark});
  if (prepend != "never") add_prefix(mark, prepend == "first");
  if (node.member("split").flag_or(true)) add_split({Regex::literal(mark), Behavior::merged_with_next});
}

bool PreTokenizer::is_same_at_start(std::string_view rest, bool starts_part) const {
  if (never_cut_) return false;
  const bool needs_prefix = prefix_only_first_ || (!starts_part && !prefix_.empty());
  return !needs_prefix || rest.starts_with(prefix_);
}

void PreTokenizer::apply(AlignedText& text, std::vector<Piece>& pieces, std::size_t decided, bool is_first) const {
  bool is_first_split = true;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (const auto* rule = std::get_if<SplitRule>(&steps_[i])) {
      apply_split(*rule, is_first_split, text.text(), pieces, decided);
      is_first_split = false;
    } else if (const auto* prefix = std::get_if<Prefix>(&steps_[i])) {
      decided += apply_prefix(*prefix, text, pieces, decided, is_first);
    } else if (const auto* spaces = std::get_if<Spaces>(&steps_[i])) {
      decided += apply_spaces(*spaces, text, pieces, decided);
    } else if (const auto* length = std::get_if<Length>(&steps_[i])) {
      cut_pieces(text.text(), pieces, [&](std::string_view piece, std::size_t begin) {
        std::size_t end = begin;
        for (std::size_t k = 0; k < length->characters && end < piece.size(); ++k) text::decode(piece, end);
        return std::pair{begin, end};
      });
    } else if (std::holds_alternative<Scripts>(steps_[i])) {
      cut_pieces(text.text(), pieces, script_run);
    } else if (i + 1 < steps_.size() || maps_last_) {  // else the model does it
      decided += apply_bytes(text, pieces, decided);
    }
  }
}

// The three that rewrite give back by how many bytes the decided part has grown.
std::size_t PreTokenizer::apply_prefix(const Prefix& prefix, AlignedText& text, std::vector<Piece>& pieces,
                                       std::size_t decided, bool is_first) {
  std::size_t added = 0;
  rewrite_pieces(text, pieces, [&](Rewriter& rewriter, const Piece& piece) {
    if (text.text().substr(piece.begin, piece.end - piece.begin).starts_with(prefix.text)) return;
    if (prefix.only_first && !(is_first && text.original(piece.begin).low == 0)) return;
    rewriter.replace(piece.begin, prefix.text);
    if (piece.begin < decided) added += prefix.text.size();
  });
  return added;
}

std::size_t PreTokenizer::apply_spaces(const Spaces& spaces, AlignedText& text, std::vector<Piece>& pieces,
                                       std::size_t decided) {
  const std::string_view old = text.text();
  std::size_t added = 0;
  rewrite_pieces(text, pieces, [&](Rewriter& rewriter, const Piece& piece) {
    for (std::size_t at = old.find(' ', piece.begin); at < piece.end; at = old.find(' ', at + 1)) {
      rewriter.keep(at);
      rewriter.replace(at + 1, spaces.text);
      if (at < decided) added += spaces.text.size() - 1;
    }
  });
  return added;
}

std::size_t PreTokenizer::apply_bytes(AlignedText& text, std::vector<Piece>& pieces, std::size_t decided) {
  const std::string_view old = text.text();
  std::size_t added = 0;
  rewrite_pieces(text, pieces, [&](Rewriter& rewriter, const Piece& piece) {
    for (std::size_t at = piece.begin; at < piece.end; ++at) {
      const char32_t mapped = byte_alphabet[static_cast<std::uint8_t>(old[at])];
      if (mapped < 0x80) continue;
      rewriter.keep(at);
      rewriter.replace(at + 1, utf8_of(mapped));
      if (at < decided) ++added;
    }
  });
  return added;
}

template <typename F>
void PreTokenizer::cut_pieces(std::string_view text, std::vector<Piece>& pieces, F&& next) {
  std::vector<Piece> out;
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(piece);
      continue;
    }
    const std::string_view inside = text.substr(piece.begin, piece.end - piece.begin);
    for (std::size_t begin = 0; begin < inside.size();) {
      const auto [from, to] = next(inside, begin);
      if (from < to) out.push_back({piece.begin + from, piece.begin + to, -1, false, from == 0 && piece.starts_part});
      begin = to;
    }
  }
  pieces = std::move(out);
}

void PreTokenizer::apply_split(const SplitRule& rule, bool is_first, std::string_view text, std::vector<Piece>& pieces,
                               std::size_t decided) const {
  std::vector<Piece> out;
  std::vector<SplitPart> parts;
  out.reserve(pieces.size() + text.size() / 4);
  for (const Piece& piece : pieces) {
    if (piece.id >= 0) {
      out.push_back(piece);
      continue;
    }
    split(rule, text.substr(piece.begin, piece.end - piece.begin), parts);
    for (const SplitPart& part : parts) {
      const bool leads = part.begin == 0;
      const std::size_t begin = piece.begin + part.begin;
      bool may_cut = leads && piece.may_cut;
      if (is_first && !leads) may_cut = piece.begin + part.decided_by <= decided;
      if (is_first && may_cut) may_cut = is_same_at_start(text.substr(begin), leads && piece.starts_part);
      out.push_back({begin, piece.begin + part.end, -1, may_cut, leads && piece.starts_part});
    }
  }
  pieces = std::move(out);
}

}  // namespace welt::tokenizers
