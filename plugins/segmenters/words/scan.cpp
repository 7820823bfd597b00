// See scan.h.
#include "scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <welt/text/grapheme.h>
#include <welt/text/utf8.h>
#include <bit>

namespace welt::words {

Scan::Character Scan::character(std::size_t at) const {
  std::size_t after = at;
  const char32_t value = text::decode(text_, after);
  return {value, table_.of(value), after - at};
}

Kind Scan::word_kind(std::size_t at) {
  if (table_.ascii_letter(bytes_[at])) return Kind::letter;
  const Character c = character(at);
  return is_script(c.kind) && !begins_cluster(at, c.value) ? Kind::letter : c.kind;
}

std::size_t Scan::word_end(std::size_t at, Kind kind) {
  if (is_control(kind)) return at + 1;
  if (kind == Kind::white) {
    for (; at < size_; at += character(at).size)
      if (!words::is_white(character(at).kind)) break;
    return at;
  }
  at = letters_end(at);
  if (at == size_) return at;
  if (bytes_[at] == ' ') return at + 1;
  const Character c = character(at);
  return words::is_white(c.kind) ? at + c.size : at;
}

std::size_t Scan::ascii_letters_end(std::size_t at) const {
#ifdef __SSE2__
  for (; at + 16 <= size_; at += 16) {  // 21–7E, as signed bytes; NUL, a letter too, is left to the table below
    const __m128i sixteen = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes_ + at));
    const __m128i letters =
        _mm_andnot_si128(_mm_cmpeq_epi8(sixteen, _mm_set1_epi8(0x7F)), _mm_cmpgt_epi8(sixteen, _mm_set1_epi8(0x20)));
    const auto others = static_cast<std::uint32_t>(~_mm_movemask_epi8(letters)) & 0xFFFF;
    if (others == 0) continue;
    at += static_cast<std::size_t>(std::countr_zero(others));
    break;
  }
#endif
  while (at < size_ && table_.ascii_letter(bytes_[at])) ++at;
  return at;
}

std::size_t Scan::letters_end(std::size_t at) {
  for (;;) {
    at = ascii_letters_end(at);
    if (at == size_ || bytes_[at] < 0x80) return at;
    while (at < size_ && bytes_[at] >= 0x80 && table_.letters_only(bytes_[at], bytes_[at + 1]))
      at += text::sequence_length(bytes_[at]);
    if (at == size_) return at;
    if (bytes_[at] < 0x80) continue;
    const Character c = character(at);
    if (words::is_white(c.kind) || (is_script(c.kind) && begins_cluster(at, c.value))) return at;
    at += c.size;
  }
}

std::size_t Scan::script_end(std::size_t at, Kind kind, std::size_t longest) const {
  const std::size_t begin = at;
  while (at < size_ && at - begin < longest) {
    if (bytes_[at] < 0x80) break;
    const Character c = character(at);
    if (!belongs_to(kind, c.kind)) break;
    at += c.size;
  }
  return at;
}

bool Scan::begins_cluster(std::size_t at, char32_t value) {
  if (at == span_begin_) return true;
  if (bytes_[at - 1] < 0x80 && table_.begins_clusters(value)) return true;
  switch (text::border_between(text::decode_before(text_, at), value)) {
    case text::Border::yes:
      return true;
    case text::Border::no:
      return false;
    case text::Border::depends:
      break;
  }
  while (border_ < at) border_ = text::cluster_end(text_, border_);
  return border_ == at;
}

}  // namespace welt::words
