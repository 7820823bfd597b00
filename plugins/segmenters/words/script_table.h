// What a code point is to the segmenter: letter, white space, control character, or of a script with an engine.
//
// Two levels, built in a fraction of a millisecond from the ranges of script_ranges.inc. Read-only after that: any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace welt::words {

enum class Kind : std::uint8_t {
  letter,
  white,
  control,
  white_control,  // 1C–1F: in both sets
  sign,           // here and below: scripts
  han,
  kana,  // of the Japanese class, and not Han
  thai,
  lao,
  khmer,
  burmese,
  tibetan,
};
inline constexpr std::size_t kinds = 12;

constexpr bool is_script(Kind kind) { return kind >= Kind::sign; }
constexpr bool is_white(Kind kind) { return kind == Kind::white || kind == Kind::white_control; }
constexpr bool is_control(Kind kind) { return kind == Kind::control || kind == Kind::white_control; }

class ScriptTable {
 public:
  // `reference_compatible`: the scripts that the Python package knows, with the seven shared signs that
  // Script_Extensions counts among them (U+00B7, 02BC, 02D7, 0303, 0305, 0323, 0331). Else these are letters, and Lao,
  // Khmer, Burmese and Tibetan are scripts.
  explicit ScriptTable(bool reference_compatible);

  Kind of(char32_t code_point) const {
    return static_cast<Kind>(blocks_[index_[code_point >> 8]][code_point & 0xFF] & 0x7F);
  }
  // No border of a grapheme cluster depends on more than the code point in front: it joins nothing but a Prepend.
  bool begins_clusters(char32_t code_point) const {
    return (blocks_[index_[code_point >> 8]][code_point & 0xFF] & 0x80) != 0;
  }

  // For scanning bytes. ASCII letters: 1. Other bytes: 0.
  bool ascii_letter(std::uint8_t byte) const { return ascii_letter_[byte] != 0; }
  // Every code point whose sequence begins with these two bytes is a letter. `lead` ≥ C0.
  bool letters_only(std::uint8_t lead, std::uint8_t second) const { return letters_[pair(lead, second)] != 0; }

 private:
  static std::size_t pair(std::uint8_t lead, std::uint8_t second) {
    return static_cast<std::size_t>((lead & 63) << 6 | (second & 63));
  }

  std::array<std::uint8_t, 0x1100> index_{};  // of the block of 256 code points
  std::vector<std::array<std::uint8_t, 256>> blocks_;
  std::array<std::uint8_t, 256> ascii_letter_{};
  std::array<std::uint8_t, 64 * 64> letters_{};
};

}  // namespace welt::words
