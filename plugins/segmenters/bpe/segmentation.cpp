// See segmentation.h.
#include "segmentation.h"

#include <welt/text/check.h>
#include <welt/text/grapheme.h>
#include <welt/text/utf8.h>
#include <algorithm>

namespace welt::bpe {
namespace {

std::size_t character_end(std::string_view text, std::size_t at) {
  return at + text::sequence_length(static_cast<std::uint8_t>(text[at]));
}

// Appends text[begin, word.end) in parts within the limits.
void cut(std::string_view text, std::size_t begin, const Word& word, const Limits& limits, std::vector<Word>& out) {
  const std::string_view inside = text.substr(0, word.end);
  std::size_t start = begin;
  std::int64_t characters = 0;
  const bool by_bytes = limits.max_bytes > 0;
  if (by_bytes && word.end - begin <= static_cast<std::size_t>(limits.max_bytes)) return out.push_back(word);
  for (std::size_t at = begin; at < word.end;) {
    const std::size_t after = by_bytes ? text::cluster_end(inside, at) : character_end(inside, at);
    const bool full =
        by_bytes ? after - start > static_cast<std::size_t>(limits.max_bytes) : characters == limits.max_characters;
    if (full && at > start) {
      out.push_back({at, -1, false});
      start = at;
      characters = 0;
    }
    ++characters;
    at = after;
  }
  out.push_back({word.end, start == begin ? word.id : -1, word.may_cut});
}

std::vector<Word> limited(std::string_view text, std::vector<Word> words, const Limits& limits) {
  if (limits.max_bytes <= 0 && limits.max_characters <= 0) return words;
  std::vector<Word> out;
  std::size_t begin = 0;
  for (const Word& word : words) {
    cut(text, begin, word, limits, out);
    begin = word.end;
  }
  return out;
}

// More is held back than may be: all words as they look now but the last, which is cut before its last cluster if it is
// the only one.
std::vector<Word> forced(const Tokenizer& tokenizer, std::string_view text) {
  std::vector<Word> words = tokenizer.words(text, true);
  if (words.size() > 1) {
    words.pop_back();
    return words;
  }
  std::size_t last = 0;
  for (std::size_t at = 0; at < text.size(); at = text::cluster_end(text, at)) last = at;
  if (last == 0)
    for (std::size_t at = 0; at < text.size(); at = character_end(text, at)) last = at;
  words.clear();
  if (last > 0) words.push_back({last, -1, true});
  return words;
}

}  // namespace

Segmentation segment(const Tokenizer& tokenizer, std::string_view text, bool is_final, const Limits& limits,
                     std::span<std::uint64_t> ends, std::int64_t* ids) {
  text::check_well_formed(text, is_final);
  if (!is_final) text = text::without_cut_off_sequence(text);
  std::vector<Word> words = tokenizer.words(text, is_final);
  const auto lookahead = static_cast<std::size_t>(limits.max_lookahead > 0 ? limits.max_lookahead : default_lookahead);
  const std::size_t held_from = words.empty() ? 0 : words.back().end;
  if (!is_final && text.size() - held_from > lookahead) {
    for (Word word : forced(tokenizer, text.substr(held_from))) {
      word.end += held_from;
      words.push_back(word);
    }
  }
  words = limited(text, std::move(words), limits);
  std::size_t count = std::min(words.size(), ends.size());
  if (count < words.size()) {
    std::size_t safe = count;
    while (safe > 0 && !words[safe - 1].may_cut) --safe;
    if (safe > 0) count = safe;
  }
  Segmentation result;
  for (std::size_t i = 0; i < count; ++i) {
    ends[i] = words[i].end;
    if (ids != nullptr) ids[i] = words[i].id;
    result.consumed = words[i].end;
  }
  result.count = count;
  return result;
}

}  // namespace welt::bpe
