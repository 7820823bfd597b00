// Texts that segmenters and renderers are tried with: many scripts, strange characters, random Unicode.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace welt::conformance {

// Well-formed UTF-8, each below 2 kB: phrases, and characters that are easily got wrong.
const std::vector<std::string>& known_texts();

// `count` texts of at most `longest` code points, from small alphabets or all of Unicode; the same for the same seed.
std::vector<std::string> random_texts(std::uint64_t seed, std::size_t count, std::size_t longest);

// known_texts() and some random ones.
std::vector<std::string> all_texts(std::uint64_t seed);

// Text that is no UTF-8, and the first byte that does not fit.
struct IllFormed {
  std::string text;
  std::size_t byte;
};
const std::vector<IllFormed>& ill_formed_texts();

// "héllo", shortened and with escapes: for messages.
std::string shown(std::string_view text);

bool starts_character(std::string_view text, std::size_t offset);  // or the end of the text
std::size_t count_characters(std::string_view text);

}  // namespace welt::conformance
