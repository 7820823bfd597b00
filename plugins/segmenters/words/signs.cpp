// See signs.h.
#include "signs.h"

#include <welt/text/utf8.h>

namespace welt::words {
namespace {

bool is_sort(char32_t c) { return c == 0x1D800; }
bool is_box(char32_t c) { return c >= 0x1D801 && c <= 0x1D804; }
bool is_coordinate(char32_t c) { return c >= 0x1D80C && c <= 0x1DFFF; }
bool is_symbol(char32_t c) { return c >= 0x40001 && c <= 0x4FFFF; }

bool take(std::string_view span, std::size_t& at, bool (*is)(char32_t)) {
  std::size_t after = at;
  if (at == span.size() || !is(text::decode(span, after))) return false;
  at = after;
  return true;
}

// The end of the sign at `begin`; begin itself: there is none.
std::size_t sign_end(std::string_view span, std::size_t begin) {
  std::size_t at = begin;
  if (take(span, at, is_sort))
    while (take(span, at, is_symbol)) {
    }
  std::size_t end = begin;
  const auto placed = [&](bool (*is)(char32_t)) {
    const bool whole = take(span, at, is) && take(span, at, is_coordinate) && take(span, at, is_coordinate);
    if (whole) end = at;
    return whole;
  };
  if (placed(is_box))
    while (placed(is_symbol)) {
    }
  return end;
}

class Signs final : public Engine {
 public:
  // Where no sign begins with a sort mark and its symbols, none begins at these symbols either: they are put down at
  // once, so that the cost stays linear.
  void cut(std::string_view span, std::vector<std::uint32_t>& ends) const override {
    std::size_t at = 0;
    while (at < span.size()) {
      const std::size_t end = sign_end(span, at);
      const bool sorted = end == at && take(span, at, is_sort);
      if (end > at) {
        at = end;
      } else if (!sorted) {
        text::decode(span, at);
      }
      ends.push_back(static_cast<std::uint32_t>(at));
      if (sorted)
        while (take(span, at, is_symbol)) ends.push_back(static_cast<std::uint32_t>(at));
    }
  }
  std::string identity() const override { return "signs"; }
};

}  // namespace

std::unique_ptr<Engine> make_signs() { return std::make_unique<Signs>(); }

}  // namespace welt::words
