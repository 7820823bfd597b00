// See segmenter.h.
#include "segmenter.h"

#include <welt/text/grapheme.h>
#include <welt/text/utf8.h>
#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "scan.h"
#include "tibetan.h"

namespace welt::words {
namespace {

// Where to cut what is held back for too long: before its last grapheme cluster, or its last character if it is one
// cluster, or after it if it is one character.
std::size_t forced_cut(std::string_view text, std::size_t begin) {
  std::size_t last = begin;
  for (std::size_t at = begin; at < text.size(); at = text::cluster_end(text, at)) last = at;
  if (last > begin) return last;
  for (std::size_t at = begin; at < text.size(); text::decode(text, at)) last = at;
  return last > begin ? last : text.size();
}

// One call: words are put down as they are found; `safe_` is the last place from which the rest of the text, alone or
// with more behind it, would be cut as it is here.
class Run {
 public:
  Run(const ScriptTable& table, const Engines& engines, std::string_view text, bool is_final, const Limits& limits,
      std::span<std::uint64_t> ends, std::uint32_t* codes)
      : table_(table),
        engines_(engines),
        text_(text),
        is_final_(is_final),
        limits_(limits),
        lookahead_(static_cast<std::size_t>(limits.max_lookahead > 0 ? limits.max_lookahead : default_lookahead)),
        longest_(static_cast<std::size_t>(std::max(limits.max_bytes, limits.max_characters))),
        ends_(ends),
        codes_(codes),
        scan_(table, text) {}

  Segmentation operator()() {
    while (at_ < text_.size() && written_ < ends_.size()) {
      ascii_words();
      if (at_ == text_.size() || written_ == ends_.size()) break;
      const Kind kind = scan_.word_kind(at_);
      note_safe(kind);
      if (!is_script(kind)) {
        word(scan_.word_end(at_, kind), kind, default_code);
      } else if (!script_span(kind)) {
        break;
      }
    }
    return result();
  }

 private:
  // A word ended at at_, and one of `kind` follows. A character of a script inside a cluster would begin a span if the
  // text began there.
  void note_safe(Kind kind) {
    if (kind != Kind::letter || table_.ascii_letter(static_cast<std::uint8_t>(text_[at_])) ||
        !is_script(scan_.character(at_).kind))
      safe_ = {written_, at_};
  }

  // The common case in a tight loop: ASCII letters, a space, and an ASCII letter next.
  void ascii_words() {
    const auto letter = [&](std::size_t at) { return table_.ascii_letter(static_cast<std::uint8_t>(text_[at])); };
    if (!letter(at_)) return;
    const std::size_t longest = longest_ > 0 ? longest_ : text_.size();
    std::size_t at = at_, count = written_;
    while (count < ends_.size()) {
      const std::size_t end = scan_.ascii_letters_end(at) + 1;
      if (end >= text_.size() || text_[end - 1] != ' ' || !letter(end) || end - at > longest) break;
      if (codes_ != nullptr) codes_[count] = default_code;
      ends_[count++] = at = end;
    }
    if (count == written_) return;
    at_ = at;
    written_ = count;
    safe_ = {written_, at_};
  }

  void put(std::size_t end, std::uint32_t code) {
    if (written_ == ends_.size()) {
      overflow_ = true;
      return;
    }
    if (codes_ != nullptr) codes_[written_] = code;
    ends_[written_++] = at_ = end;
  }

  void word(std::size_t end, Kind kind, std::uint32_t code) {
    if (longest_ > 0 && end - at_ > longest_) return pieces(end, kind, code);
    put(end, code);
  }

  // A word that is too long. Inside a run of letters the segmentation could start again at a border of clusters.
  void pieces(std::size_t end, Kind kind, std::uint32_t code) {
    const std::string_view word = text_.substr(0, end);
    const auto piece = [&](std::size_t at) {
      put(at, code);
      if (at == end || code != default_code || overflow_) return;
      const Scan::Character next = scan_.character(at);
      if (next.kind == kind && (kind != Kind::letter || borders(at, next.value))) safe_ = {written_, at_};
    };
    std::size_t start = at_, at = at_;
    std::int64_t count = 0;
    while (at < end && !overflow_) {
      std::size_t after = at;
      if (limits_.max_bytes > 0) {
        after = text::cluster_end(word, at);
        if (after - start > longest_ && at > start) piece(start = at);
      } else {
        text::decode(text_, after);
        if (count++ == limits_.max_characters) piece(at), count = 1;
      }
      at = after;
    }
    piece(end);
  }

  bool borders(std::size_t at, char32_t right) const {
    return text::border_between(text::decode_before(text_, at), right) == text::Border::yes;
  }

  // False: its end is not known yet, and nothing of it was put down.
  bool script_span(Kind kind) {
    const std::size_t begin = at_;
    const std::size_t end = scan_.script_end(begin, kind, longest_span);
    const bool is_cut = end - begin >= longest_span;
    if (end == text_.size() && !is_final_ && !is_cut && end - safe_.consumed <= lookahead_) return false;
    found_.clear();
    const std::string_view span = text_.substr(begin, end - begin);
    const auto& engine = engines_[static_cast<std::size_t>(kind)];
    if (engine) {
      engine->cut(span, found_);
    } else {
      found_.push_back(static_cast<std::uint32_t>(span.size()));
    }
    if (is_cut && found_.size() > 1) found_.pop_back();
    for (const std::uint32_t word_end : found_) word(begin + word_end, kind, code_of(kind));
    scan_.begin_span(at_);
    return true;
  }

  Segmentation result() {
    if (at_ < text_.size()) {
      if (written_ == ends_.size() && !overflow_) note_safe(scan_.word_kind(at_));
    } else if (is_final_ && !overflow_) {
      return {written_, at_};
    }
    if (written_ == ends_.size() && safe_.count == 0) {  // not even the first span fits
      if (is_final_ || at_ < text_.size()) return {written_, at_};
    }
    if (is_final_ || text_.size() - safe_.consumed <= lookahead_) return safe_;
    Segmentation kept = safe_;
    if (written_ > kept.count + 1) kept = {written_ - 1, ends_[written_ - 2]};
    while (text_.size() - kept.consumed > lookahead_ && kept.count < ends_.size()) {
      kept.consumed = ends_[kept.count] = forced_cut(text_, kept.consumed);
      if (codes_ != nullptr && kept.count >= written_) codes_[kept.count] = default_code;
      ++kept.count;
    }
    return kept;
  }

  const ScriptTable& table_;
  const Engines& engines_;
  std::string_view text_;
  bool is_final_;
  const Limits& limits_;
  std::size_t lookahead_, longest_;
  std::span<std::uint64_t> ends_;
  std::uint32_t* codes_;
  Scan scan_;
  std::size_t at_ = 0, written_ = 0;
  bool overflow_ = false;
  Segmentation safe_;
  std::vector<std::uint32_t> found_;
};

// Rules (a) and (b) with scripts as letters: one control character, or letters and one white space.
bool is_complete_by_default_rule(const Scan& scan, std::string_view word) {
  std::size_t at = 0;
  for (; at < word.size();) {
    const Scan::Character c = scan.character(at);
    const bool is_last = at + c.size == word.size();
    if (at == 0 && is_control(c.kind)) return is_last;
    if (is_white(c.kind)) return at > 0 && is_last;
    if (is_control(c.kind)) return false;
    at += c.size;
  }
  return false;
}

// Ideographic full stop and comma, brackets, and their half-width forms: no dictionary joins them to what follows.
constexpr bool stands_alone(char32_t c) {
  return c == 0x3001 || c == 0x3002 || (c >= 0x3008 && c <= 0x3011) || (c >= 0x3014 && c <= 0x301B) ||
         (c >= 0xFF61 && c <= 0xFF64);
}

}  // namespace

std::string_view name_of(std::uint32_t code) {
  static constexpr std::string_view names[] = {"",     "default", "signwriting", "jieba",   "mecab",
                                               "thai", "lao",     "khmer",       "burmese", "tibetan"};
  return code < std::size(names) ? names[code] : names[0];
}

Splitter::Splitter(bool reference_compatible, Engines engines)
    : reference_compatible_(reference_compatible), table_(reference_compatible), engines_(std::move(engines)) {}

Segmentation Splitter::segment(std::string_view text, bool is_final, const Limits& limits,
                               std::span<std::uint64_t> ends, std::uint32_t* codes) const {
  if (!is_final) text = text::without_cut_off_sequence(text);
  return Run(table_, engines_, text, is_final, limits, ends, codes)();
}

bool Splitter::is_complete(std::string_view word) const {
  bool cut_off = false;
  if (word.empty() || text::find_ill_formed(word, cut_off) != text::well_formed) return false;
  Scan scan(table_, word);
  if (is_complete_by_default_rule(scan, word)) return true;
  if (reference_compatible_) return false;
  // What stands before a word decides too where it ends (a kana run begins at the first kana, and keeps the kanji that
  // follow), so a word of several scripts is never called complete.
  const Scan::Character first = scan.character(0);
  if (!is_script(first.kind) || scan.script_end(0, first.kind, word.size()) < word.size()) return false;
  if (first.kind == Kind::tibetan)
    return !is_tibetan_mark(first.value) && is_tsheg(text::decode_before(word, word.size()));
  return first.size == word.size() && stands_alone(first.value);
}

}  // namespace welt::words
