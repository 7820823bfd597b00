// See segmenter.h. Scanning goes byte by byte over a table; code points are decoded only where a word must be cut.
#include "segmenter.h"

#include <algorithm>
#include <array>
#include <vector>

#include "grapheme.h"
#include "utf8.h"

namespace welt::words {
namespace {

enum Class : std::uint8_t { letter, white, control, white_control, maybe_white };

constexpr std::array<Class, 256> classes = [] {
  std::array<Class, 256> table{};
  for (int c = 1; c < 0x20; ++c) table[c] = control;
  for (int c = 0x09; c <= 0x0D; ++c) table[c] = white;
  for (int c = 0x1C; c <= 0x1F; ++c) table[c] = white_control;
  table[0x20] = white;
  table[0x7F] = control;
  for (int lead : {0xC2, 0xE1, 0xE2, 0xE3}) table[lead] = maybe_white;
  return table;
}();

// The class of the character at `at`, and its length in bytes.
struct Character {
  Class kind;
  std::size_t size;
};

Character character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = byte(0);
  const Class kind = classes[lead];
  const std::size_t size = std::max<std::size_t>(sequence_length(lead), 1);
  if (kind != maybe_white || at + size > text.size()) return {kind == maybe_white ? letter : kind, size};
  bool is_white = false;
  if (lead == 0xC2) is_white = byte(1) == 0x85 || byte(1) == 0xA0;
  if (lead == 0xE1) is_white = byte(1) == 0x9A && byte(2) == 0x80;
  if (lead == 0xE2) {
    const std::uint8_t last = byte(2);
    is_white = (byte(1) == 0x80 && (last <= 0x8A || last == 0xA8 || last == 0xA9 || last == 0xAF)) ||
               (byte(1) == 0x81 && last == 0x9F);
  }
  if (lead == 0xE3) is_white = byte(1) == 0x80 && byte(2) == 0x80;
  return {is_white ? white : letter, size};
}

bool is_white(Class kind) { return kind == white || kind == white_control; }

struct Word {
  std::size_t end;
  Class kind;  // control, letter (perhaps with its white space), white
  bool open;   // ends where the text ends, and more text could make it longer
};

Word next_word(std::string_view text, std::size_t begin) {
  Character c = character(text, begin);
  if (c.kind == control || c.kind == white_control) return {begin + c.size, control, false};
  std::size_t at = begin;
  if (c.kind == white) {
    while (at < text.size() && is_white((c = character(text, at)).kind)) at += c.size;
    return {at, white, at == text.size()};
  }
  while (at < text.size() && (c = character(text, at)).kind == letter) at += c.size;
  if (at == text.size()) return {at, letter, true};
  if (is_white(c.kind)) return {at + c.size, letter, false};
  return {at, letter, false};
}

// Calls piece(end) for each piece of text[begin, end) under the limits. A word within them is one piece.
template <typename F>
void cut(std::string_view text, std::size_t begin, std::size_t end, const Limits& limits, F&& piece) {
  const std::string_view word = text.substr(0, end);
  if (limits.max_bytes > 0 && end - begin > static_cast<std::size_t>(limits.max_bytes)) {
    const auto limit = static_cast<std::size_t>(limits.max_bytes);
    std::size_t start = begin, at = begin;
    while (at < end) {
      const std::size_t after = cluster_end(word, at);
      if (after - start > limit && at > start) {
        piece(at);
        start = at;
      }
      at = after;
    }
  } else if (limits.max_characters > 0 && end - begin > static_cast<std::size_t>(limits.max_characters)) {
    std::int64_t count = 0;
    for (std::size_t at = begin; at < end;) {
      if (count == limits.max_characters) {
        piece(at);
        count = 0;
      }
      at += character(word, at).size;
      ++count;
    }
  }
  piece(end);
}

// Would a segmentation that starts at `at`, inside a word of this kind, go on as the whole word does?
bool can_restart(std::string_view text, std::size_t at, Class kind) {
  return at == text.size() || character(text, at).kind == kind;
}

// Where to cut a word that is held back for too long: before its last grapheme cluster, or its last character if it is
// one cluster, or after it if it is one character.
std::size_t forced_cut(std::string_view text, std::size_t begin) {
  std::size_t last = begin;
  for (std::size_t at = begin; at < text.size(); at = cluster_end(text, at)) last = at;
  if (last > begin) return last;
  for (std::size_t at = begin; at < text.size(); at += character(text, at).size) last = at;
  return last > begin ? last : text.size();
}

// The text before a sequence at its end that waits for its other bytes.
std::string_view without_cut_off_sequence(std::string_view text) {
  std::size_t lead = text.size();
  for (std::size_t back = 1; back <= std::min<std::size_t>(4, text.size()); ++back) {
    lead = text.size() - back;
    if ((static_cast<std::uint8_t>(text[lead]) & 0xC0) != 0x80) {
      return sequence_length(static_cast<std::uint8_t>(text[lead])) > back ? text.substr(0, lead) : text;
    }
  }
  return text;
}

}  // namespace

Segmentation segment(std::string_view text, bool is_final, const Limits& limits, std::span<std::uint64_t> ends) {
  if (!is_final) text = without_cut_off_sequence(text);
  const auto lookahead = static_cast<std::size_t>(limits.max_lookahead > 0 ? limits.max_lookahead : default_lookahead);
  Segmentation result;
  const auto put = [&](std::size_t end) {
    ends[result.count++] = end;
    result.consumed = end;
  };
  std::vector<std::size_t> pieces;
  while (result.consumed < text.size() && result.count < ends.size()) {
    const std::size_t begin = result.consumed;
    const Word word = next_word(text, begin);
    const bool hold = word.open && !is_final;
    const bool limited = limits.max_bytes > 0 || limits.max_characters > 0;
    if (!hold && !limited) {
      put(word.end);
      continue;
    }
    pieces.clear();
    cut(text, begin, word.end, limits, [&](std::size_t end) { pieces.push_back(end); });
    if (hold) pieces.pop_back();
    const std::size_t room = ends.size() - result.count;
    const bool short_of_room = pieces.size() > room;
    if (short_of_room && result.count > 0) break;
    if (short_of_room) pieces.resize(room);
    if (hold || short_of_room) {
      std::size_t keep = pieces.size();
      while (keep > 0 && !can_restart(text, pieces[keep - 1], word.kind)) --keep;
      if (keep > 0 || hold) pieces.resize(keep);
    }
    for (const std::size_t end : pieces) put(end);
    if (short_of_room) break;
    if (hold) {
      while (text.size() - result.consumed > lookahead && result.count < ends.size())
        put(forced_cut(text, result.consumed));
      break;
    }
  }
  return result;
}

bool is_complete(std::string_view word) {
  if (word.empty()) return false;
  const Word first = next_word(word, 0);
  if (first.end != word.size()) return false;
  return first.kind == control || (first.kind == letter && !first.open);
}

}  // namespace welt::words
