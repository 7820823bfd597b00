// See word_stream.h.
#include "core/text/word_stream.h"

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace welt {
namespace {

constexpr std::size_t first_window = std::size_t{1} << 16;

// Could more bytes make a character of what begins `text`, at its very end?
bool may_go_on(std::string_view text) {
  if (text.size() > 3) return false;
  std::string whole(text);
  for (const char* more : {"\x80", "\x90", "\xA0", "\x80\x80", "\x90\x80", "\xA0\x80", "\x80\x80\x80", "\x90\x80\x80"})
    if (find_invalid_utf8(whole + more) == utf8_ok) return true;
  return false;
}

}  // namespace

void WordStream::feed(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t size = held_.size() < window_ ? std::min(piece.size(), window_ - held_.size()) : piece.size();
    held_ += piece.substr(0, size);
    piece.remove_prefix(size);
    check(false);
    if (held_.size() >= window_) cut(false);
  }
}

void WordStream::finish() {
  check(true);
  cut(true);
  before_ = 0;
}

void WordStream::check(bool is_final) {
  const std::string_view unchecked = std::string_view(held_).substr(checked_);
  const std::size_t fault = find_invalid_utf8(unchecked);
  if (fault != utf8_ok && (is_final || !may_go_on(unchecked.substr(fault)))) {
    fail({.where = "the text",
          .found = fmt::format("byte {} ({:02X}) is not UTF-8", before_ + checked_ + fault,
                               static_cast<std::uint8_t>(unchecked[fault])),
          .expected = "text in UTF-8",
          .mend = "Convert it (iconv)"},
         ErrorCode::data_loss);
  }
  checked_ += fault == utf8_ok ? unchecked.size() : fault;
}

void WordStream::cut(bool is_final) {
  const std::size_t used = segmenter_.split_beginning(held_, is_final, static_cast<std::int64_t>(longest_word), ends_);
  std::size_t begin = 0;
  for (const std::uint64_t end : ends_) {
    take_(std::string_view(held_).substr(begin, end - begin));
    begin = end;
  }
  held_.erase(0, used);
  before_ += used;
  checked_ -= std::min(checked_, used);
  // A word that is longer than the window is looked at again only when twice as much has come.
  window_ = used == 0 ? 2 * window_ : std::max(first_window, 2 * held_.size());
}

}  // namespace welt
