// Text that is hard to cut: control characters, white space, marks, emoji, and scripts next to each other.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/base/utf8.h"

namespace welt::test {

inline std::string random_text(std::mt19937& random, std::size_t length) {
  static const std::vector<char32_t> special = {
      0,      2,      0x0E,   0x0F,    0x1C,    0x7F,    '\t',    '\n',    '\r',   ' ',    ' ',
      'a',    'b',    '.',    0x85,    0xA0,    0x300,   0x600,   0x903,   0x915,  0x924,  0x93C,
      0x94D,  0x1100, 0x1161, 0x11A8,  0xAC00,  0xAC01,  0x1680,  0x200B,  0x200D, 0x2028, 0x3000,
      0xFE0F, 0xFEFF, 0x2764, 0x1F1EE, 0x1F1F1, 0x1F3FD, 0x1F468, 0x10FFFF};
  // Of scripts with engines; the first ten are shared, join clusters, or are pictures.
  static const std::vector<char32_t> scripts = {
      0xB7,   0x2BC,  0x303,  0x323,  0x3099, 0x302A,  0x3297,  0x303D,  0xE31,   0x1039,  0x3001, 0x4E2D,
      0x6587, 0x672C, 0x3042, 0x30AB, 0xFF66, 0xE01,   0xE32,   0xE40,   0xE81,   0xEB2,   0x1780, 0x17D2,
      0x1000, 0x102C, 0xF40,  0xF0B,  0xF0D,  0x1D800, 0x1D801, 0x1D810, 0x1D820, 0x40001, 0x20000};
  std::string text;
  const bool with_scripts = random() % 2 == 0;
  for (std::size_t i = 0; i < length; ++i) {
    char32_t c = special[random() % special.size()];
    if (random() % 5 == 0) c = static_cast<char32_t>(random() % 0x3000);
    if (random() % 50 == 0) c = 0xE000 + static_cast<char32_t>(random() % 0x102000);
    if (with_scripts && random() % 2 == 0) c = scripts[random() % scripts.size()];
    append_utf8(text, c);
  }
  return text;
}

}  // namespace welt::test
