// Arithmetic of greys and coverage, 0 to 255, exact to half a step.
#pragma once

#include <cstdint>

namespace welt::freetype {

// Rounded; for 0 to 255².
constexpr std::uint8_t divide_by_255(int value) {
  const int half = value + 128;
  return static_cast<std::uint8_t>(((half >> 8) + half) >> 8);
}

// `over` put on `under` where it covers `coverage` of 255.
constexpr std::uint8_t mix(std::uint8_t coverage, std::uint8_t under, std::uint8_t over) {
  return divide_by_255(under * (255 - coverage) + over * coverage);
}

// Of a colour: ITU-R BT.601's weights of 0.299, 0.587 and 0.114 in 256ths.
constexpr std::uint8_t luminance(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return static_cast<std::uint8_t>((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

}  // namespace welt::freetype
