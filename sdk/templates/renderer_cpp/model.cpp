// See model.h.
#include "model.h"

#include <welt/sdk/utf8.h>

#include <algorithm>
#include <string>

namespace my_plugin_model {
namespace {

namespace sdk = welt::sdk;

constexpr std::int64_t dots_across = 4, dots_down = 6;  // 24 bits: a code point has 21

std::int64_t dot_size(std::int64_t block) { return block / smallest_block; }

}  // namespace

void read_word(std::string_view word, std::vector<std::uint32_t>& characters) {
  characters.clear();
  for (std::uint64_t at = 0; at < word.size();) {
    std::uint32_t c = 0;
    const std::int32_t length = welt_utf8_decode(sdk::to_abi(word), at, &c);
    if (length <= 0) {
      throw sdk::invalid("the word is not UTF-8: byte " + std::to_string(at) +
                         " fits no character; expected well-formed UTF-8");
    }
    characters.push_back(c);
    at += static_cast<std::uint64_t>(length);
  }
}

std::int64_t character_width(std::int64_t block) { return dots_across * dot_size(block); }

void draw_character(std::uint32_t code_point, const sdk::Canvas& canvas, std::int64_t left) {
  const std::int64_t dot = dot_size(canvas.height()), top = (canvas.height() - dots_down * dot) / 2;
  for (std::int64_t bit = 0; bit < dots_across * dots_down; ++bit) {
    if ((code_point >> bit & 1) == 0) continue;
    const std::int64_t x = left + bit % dots_across * dot, y = top + bit / dots_across * dot;
    for (std::int64_t row = y; row < y + dot; ++row) std::fill_n(canvas.row(row).begin() + x, dot, std::uint8_t{0});
  }
}

}  // namespace my_plugin_model
