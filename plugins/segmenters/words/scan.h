// Where words and spans of one text end (segmenter.h has the rules); what is known of the text so far is kept here.
//
// Made for one call of the segmenter. Scans bytes over tables; code points are decoded only where a table cannot tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "script_table.h"

namespace welt::words {

class Scan {
 public:
  // Both must outlive the object; `text` is well-formed.
  Scan(const ScriptTable& table, std::string_view text)
      : table_(table), text_(text), bytes_(reinterpret_cast<const std::uint8_t*>(text.data())), size_(text.size()) {}

  // The code point at `at` < size, and its length in bytes.
  struct Character {
    char32_t value;
    Kind kind;
    std::size_t size;
  };
  Character character(std::size_t at) const;

  // The scan stands in a default span, or at the beginning of a span. The kind of word that begins at `at`, which is
  // behind all that was scanned: letter, also for a character of a script inside a cluster; white; a control character;
  // or a script, whose span begins here.
  Kind word_kind(std::size_t at);
  // The end of the word of a default span that begins at `at` with this kind.
  std::size_t word_end(std::size_t at, Kind kind);
  // The end of the run of ASCII letters from `at` on.
  std::size_t ascii_letters_end(std::size_t at) const;
  // The end of the run of a script that begins at `at`, at most about `longest` bytes of it.
  std::size_t script_end(std::size_t at, Kind kind, std::size_t longest) const;
  // A span begins at `at`.
  void begin_span(std::size_t at) { span_begin_ = border_ = at; }

 private:
  std::size_t letters_end(std::size_t at);
  bool begins_cluster(std::size_t at, char32_t value);

  const ScriptTable& table_;
  std::string_view text_;
  const std::uint8_t* bytes_;
  std::size_t size_;
  std::size_t span_begin_ = 0;
  std::size_t border_ = 0;  // a border of a grapheme cluster in the span, up to which clusters were walked
};

// Is a code point of this kind part of a run that began with `script`? Runs of kana take Han along.
constexpr bool belongs_to(Kind script, Kind kind) {
  return kind == script || (script == Kind::kana && kind == Kind::han);
}

}  // namespace welt::words
