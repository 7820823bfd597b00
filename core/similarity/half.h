// float32 to float16. The other way is in kernels.h.
#pragma once

#include <bit>
#include <cstdint>

namespace welt::similarity {

// The nearest float16, of two the even one; infinity from 65520 on.
inline std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = bits >> 16 & 0x8000, size = bits & 0x7FFFFFFF;
  std::uint32_t half = 0;
  if (size >= 0x47800000)  // 65536
    half = size > 0x7F800000 ? 0x7E00 : 0x7C00;
  else if (size < 0x38800000)  // 2^-14: in steps of 2^-24, as floats from a half to one have them
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(size) + 0.5F) - 0x3F000000;
  else
    half = (size + 0xFFF + (size >> 13 & 1) - 0x38000000) >> 13;
  return static_cast<std::uint16_t>(sign | half);
}

}  // namespace welt::similarity
