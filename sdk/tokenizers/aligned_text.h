// A text that was made out of another one, and which part came from which: what normalizers and pre-tokenizers change
// is mapped back to the bytes that were given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace welt::tokenizers {

// [begin, end) of the new text stands for [old_begin, old_end) of the old one. Between edits the texts are equal.
struct Edit {
  std::size_t begin, end, old_begin, old_end;
};

class AlignedText {
 public:
  // Equal to `original`, which must outlive this.
  explicit AlignedText(std::string_view original) : longest_(256 * original.size() + (1 << 20)), view_(original) {}
  AlignedText(AlignedText&&) = delete;

  std::string_view text() const { return view_; }
  bool is_changed() const { return !edits_.empty(); }
  // Bytes that a text made out of it may have: steps that each double it would else fill all memory.
  std::size_t longest() const { return longest_; }

  // Takes over a text made out of text(); `edits` ascending, from text() to `text`.
  void rewrite(std::string text, const std::vector<Edit>& edits);

  // A place between two bytes of text(), in the original.
  struct Place {
    std::size_t low, high;  // equal, unless the place is inside an edit: then that one's ends
    bool exact() const { return low == high; }
  };
  // Asked in ascending order this costs constant time.
  Place original(std::size_t at) const;
  // The first place of text() that stands for `original` or something behind it.
  std::size_t current(std::size_t original) const;

 private:
  std::size_t longest_;
  std::string own_;
  std::string_view view_;
  std::vector<Edit> edits_;       // ascending
  mutable std::size_t hint_ = 0;  // edits before it end at or before the last place asked for
};

// Writes a new text from left to right, for AlignedText::rewrite(). Throws Failure when it gets longer than it may.
class Rewriter {
 public:
  explicit Rewriter(const AlignedText& old) : old_(old.text()), longest_(old.longest()) {}
  // Copies the old text up to `end`.
  void keep(std::size_t end);
  // Writes `text` for the old text up to `end`; nothing is copied before it.
  void replace(std::size_t end, std::string_view text);
  // Where the writing stands in the new text.
  std::size_t at() const { return text_.size(); }
  // Copies the rest and hands over, if anything changed.
  void finish(AlignedText& text);

 private:
  void append(std::string_view text);

  std::string_view old_;
  std::size_t longest_;
  std::size_t done_ = 0;
  std::string text_;
  std::vector<Edit> edits_;
};

}  // namespace welt::tokenizers
