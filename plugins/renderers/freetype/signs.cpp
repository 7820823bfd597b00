// See signs.h. The rules are those of the Python renderer and of signwriting 0.1.19, which it draws signs with.
#include "signs.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "word_text.h"

namespace welt::freetype {
namespace {

constexpr char32_t first_symbol = 0x40000;  // symbols are numbered from 1
constexpr char32_t first_line = 0xF0000, first_filling = 0x100000;
constexpr std::int64_t first_coordinate = 250;

bool is_sort(char32_t c) { return c == 0x1D800; }
bool is_box(char32_t c) { return c >= 0x1D801 && c <= 0x1D804; }
bool is_coordinate(char32_t c) { return c >= 0x1D80C && c <= 0x1DFFF; }
bool is_symbol(char32_t c) { return c > first_symbol && c <= 0x4FFFF; }
bool is_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0 || (c >= 0x1C && c <= 0x1F); }

// Takes one character after the other off a word.
class Reader {
 public:
  explicit Reader(std::string_view word) : word_(word) {}
  bool at_end() const { return at_ == size(); }

  // The next character when it is such a one; 0 (which none is) otherwise, and then it stays.
  char32_t take(bool (*is)(char32_t)) {
    if (at_end()) return 0;
    std::int32_t after = at_, character = 0;
    U8_NEXT(reinterpret_cast<const std::uint8_t*>(word_.data()), after, size(), character);
    if (character < 0 || !is(static_cast<char32_t>(character))) return 0;
    at_ = after;
    return static_cast<char32_t>(character);
  }

  // Two coordinates.
  bool take_place(std::int64_t& x, std::int64_t& y) {
    const char32_t across = take(is_coordinate), down = take(is_coordinate);
    x = static_cast<std::int64_t>(across) - 0x1D80C + first_coordinate;
    y = static_cast<std::int64_t>(down) - 0x1D80C + first_coordinate;
    return across != 0 && down != 0;
  }

 private:
  std::int32_t size() const { return static_cast<std::int32_t>(word_.size()); }
  std::string_view word_;
  std::int32_t at_ = 0;
};

std::int64_t round_up(std::int64_t value, std::int64_t step) { return (value + step - 1) / step * step; }

// A symbol's room: what its lines cover, and at least its origin and its advance.
struct Room {
  std::int64_t width, height;
};
Room room_of(const GlyphPicture& lines) {
  const std::int64_t left = lines.left, right = left + lines.width;
  const std::int64_t top = lines.top, bottom = top - lines.height;
  return {std::max<std::int64_t>({0, right, lines.advance}) - std::min<std::int64_t>(0, left),
          std::max<std::int64_t>(0, top) - std::min<std::int64_t>(0, bottom)};
}

}  // namespace

bool read_sign(std::string_view word, std::vector<SignSymbol>& symbols) {
  // U+1D800 to U+1D83F: all other words leave here.
  if (!word.starts_with("\xF0\x9D\xA0") || word.size() > longest_word) return false;
  Reader reader(word);
  if (reader.take(is_sort) != 0) {
    if (reader.take(is_symbol) == 0) return false;
    while (reader.take(is_symbol) != 0) continue;
  }
  std::int64_t x = 0, y = 0;
  if (reader.take(is_box) == 0 || !reader.take_place(x, y)) return false;
  symbols.clear();
  while (const char32_t symbol = reader.take(is_symbol)) {
    if (!reader.take_place(x, y)) return false;
    symbols.push_back({symbol, x, y});
  }
  while (reader.take(is_space) != 0) continue;
  return reader.at_end();
}

void lay_out_sign(const std::vector<SignSymbol>& symbols, const Settings& settings, const FontSet& fonts,
                  GlyphCache& glyphs, Layout& out) {
  const std::uint32_t lines = fonts.sign_lines(), fillings = fonts.sign_fillings();
  const Font& line_font = fonts[lines];
  std::int64_t left = INT64_MAX, top = INT64_MAX, right = 0, bottom = 0;
  for (const auto& [symbol, x, y] : symbols) {
    const Room room = room_of(glyphs.get(lines, line_font.glyph_of(first_line + (symbol - first_symbol))));
    left = std::min(left, x);
    top = std::min(top, y);
    right = std::max(right, x + room.width);
    bottom = std::max(bottom, y + room.height);
  }
  SignBox box{.x = 0, .y = 0, .width = 1, .height = 1};
  if (!symbols.empty()) box = {.x = 0, .y = 0, .width = right - left, .height = bottom - top};
  const std::int64_t width = round_up(box.width + 2 * side_margin, settings.block);
  out.size = {round_up(box.height + 2 * side_margin, settings.block), std::min(width, settings.max_width)};
  box.x = (width - box.width) / 2;
  box.y = (out.size.height - box.height) / 2;
  out.sign = box;
  out.glyphs.clear();
  for (const auto& [symbol, x, y] : symbols) {
    const char32_t number = symbol - first_symbol;
    const std::int64_t at_x = box.x + x - left, at_y = box.y + y - top;
    const std::uint32_t line = line_font.glyph_of(first_line + number);
    if (line == 0) {  // no symbol of this number: a box with it, its left upper corner at the place
      out.glyphs.push_back({symbol, FontSet::none, at_x, at_y + fonts[0].ascent()});
      continue;
    }
    out.glyphs.push_back({fonts[fillings].glyph_of(first_filling + number), fillings, at_x, at_y});
    out.glyphs.push_back({line, lines, at_x, at_y});
  }
}

}  // namespace welt::freetype
