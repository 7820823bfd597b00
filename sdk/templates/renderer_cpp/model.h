// How a character becomes pixels. Knows nothing of the ABI: plugin.cpp puts it behind welt.renderer/1.
//
// A character is a pattern of dots, one for each bit of its code point, 4 across and 6 down. It needs no font and
// nothing is missing from it; an image encoder learns to read it as it learns letters.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>
#include <welt/sdk/renderer.hpp>

namespace my_plugin_model {

inline constexpr std::int64_t smallest_block = 8;

// The code points of a word; throws Failure naming the byte where it is not UTF-8. [any]
void read_word(std::string_view word, std::vector<std::uint32_t>& characters);

// Pixels across of one character in an image of `block` pixels in height.
std::int64_t character_width(std::int64_t block);

// Draws black dots on the canvas, which is white already and `block` pixels in height. `left`: the character's first
// column. [any]
void draw_character(std::uint32_t code_point, const welt::sdk::Canvas& canvas, std::int64_t left);

}  // namespace my_plugin_model
