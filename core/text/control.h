// The control characters that structure text for the model, by their ASCII names.
#pragma once

#include <cstdint>

namespace welt {

inline constexpr std::uint8_t pad_byte = 0, bos_byte = 2, eos_byte = 3;
inline constexpr std::uint8_t shift_out = 0x0E, shift_in = 0x0F;  // around a block of words that see each other

}  // namespace welt

namespace welt::control {

inline constexpr std::uint8_t start_of_heading = 0x01;  // before the role of a chat message
inline constexpr std::uint8_t enquiry = 0x05;           // opens thinking
inline constexpr std::uint8_t acknowledge = 0x06;       // closes thinking
inline constexpr std::uint8_t device_control_1 = 0x11;  // before the list of tools
inline constexpr std::uint8_t end_of_block = 0x17;      // after a chat message
inline constexpr std::uint8_t substitute = 0x1A;        // opens a tool call
inline constexpr std::uint8_t escape = 0x1B;            // closes a tool call

// What the segmenter treats as a word of its own: C0 without NUL and white space, and DEL.
constexpr bool is_control(std::uint8_t byte) {
  return (byte >= 0x01 && byte <= 0x08) || (byte >= 0x0E && byte <= 0x1F) || byte == 0x7F;
}

}  // namespace welt::control
