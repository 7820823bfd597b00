// Tibetan by syllables: a run of letters with the tsheg (U+0F0B, U+0F0C) behind it; further tshegs, and shads and head
// marks (U+0F01–U+0F14), are words in runs of their own.
#pragma once

#include <memory>

#include "engine.h"

namespace welt::words {

constexpr bool is_tsheg(char32_t c) { return c == 0xF0B || c == 0xF0C; }
constexpr bool is_tibetan_mark(char32_t c) { return c >= 0xF01 && c <= 0xF14; }

std::unique_ptr<Engine> make_tibetan();

}  // namespace welt::words
